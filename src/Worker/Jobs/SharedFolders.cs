using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Jobs;

/// <summary>Leaves adapters and results where other sweeps of the home find them. What cannot be left there costs nothing but that.</summary>
internal static class SharedFolders
{
    /// <summary>Shares a trained adapter: a copy of its folder.</summary>
    public static void Share(WorkerFolders folders, string? key, string adapter, SharedAdapter description)
    {
        if (key is not null) TryWrite(SharedWork.Adapter(folders, key), description, Directory.Exists(adapter) ? Directory.EnumerateFiles(adapter) : []);
    }

    /// <summary>Shares a result, with copies of its files.</summary>
    public static void Share(WorkerFolders folders, string? key, IEnumerable<string> files, SharedResult description)
    {
        if (key is not null) TryWrite(SharedWork.Result(folders, key), description, files);
    }

    private static void TryWrite<T>(string folder, T description, IEnumerable<string> files)
    {
        try
        {
            AtomicFile.WriteDirectory(folder, to =>
            {
                foreach (var file in files) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
                File.WriteAllBytes(Path.Combine(to, SharedWork.Description), JsonSerializer.SerializeToUtf8Bytes(description, Frames.Json));
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.WriteLine($"{folder}: not shared with other sweeps: {e.Message}");
        }
    }
}
