using System.Reflection;
using System.Runtime.InteropServices;

namespace AlpacaCot.Kernels.Native;

/// <summary>
/// Loads libtorch and TorchSharp's native half by absolute path: from beside a published program, else out of the NuGet cache, whose place the
/// build left in the program's runtime configuration. Left alone, TorchSharp looks beside the program only and copies half a gigabyte there.
/// </summary>
public static class LibTorch
{
    private static readonly Lock _lock = new();
    private static nint _cpu, _sharp;

    /// <summary>Folder of libtorch, once loaded.</summary>
    public static string? Folder { get; private set; }

    /// <summary>The copy of TorchSharp's native library that runs on an old libstdc++; null where the original was loaded.</summary>
    public static string? PatchedCopy { get; private set; }

    /// <summary>Loads everything; must run before the first use of <c>torch</c>. Further calls do nothing.</summary>
    /// <exception cref="DllNotFoundException">A library is missing or does not fit this system; the message says what to do.</exception>
    public static void Load()
    {
        if (Volatile.Read(ref _sharp) != 0) return;
        lock (_lock)
        {
            if (_sharp != 0) return;
            Folder = Find("AlpacaCot.LibTorch", FileName("torch_cpu"));
            ThreadWaiting.Prepare();
            var c10 = LoadFile(Path.Combine(Folder, FileName("c10")));
            TensorMemory.Install(c10);
            _cpu = LoadFile(Path.Combine(Folder, FileName("torch_cpu")));
            LoadFile(Path.Combine(Folder, FileName("torch")));
            if (Path.Combine(Folder, FileName("torch_cuda")) is var cuda && File.Exists(cuda)) LoadFile(cuda);
            var sharp = LoadSharp(Path.Combine(Find("AlpacaCot.TorchSharp", FileName("LibTorchSharp")), FileName("LibTorchSharp")));
            ScalarMemory.Install(sharp);
            NativeLibrary.SetDllImportResolver(typeof(torch).Assembly, (name, _, _) => name == "LibTorchSharp" ? sharp : 0);
            NativeLibrary.SetDllImportResolver(typeof(LibTorch).Assembly, Resolve);
            Volatile.Write(ref _sharp, sharp);
        }
    }

    /// <summary>A function of libtorch's that its C ABI does not have.</summary>
    internal static bool TryExport(string name, out nint address)
    {
        Load();
        return NativeLibrary.TryGetExport(_cpu, name, out address);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        Abi.Library => _cpu,
        Sharp.Library => _sharp,
        _ => 0,
    };

    private static string FileName(string name)
        => OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    private static string Find(string setting, string file)
    {
        var program = AppContext.BaseDirectory;
        // Beside the program first: TorchSharp opens what lies there, and a second libtorch in one process ends it.
        string?[] folders = [program, Path.Combine(program, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"), AppContext.GetData(setting) as string];
        return folders.FirstOrDefault(folder => folder is not null && File.Exists(Path.Combine(folder, file)))
            ?? throw new DllNotFoundException($"{file} is neither in the NuGet cache nor beside the program; looked in {string.Join(", ", folders.Where(folder => folder is not null))}: "
                + "restore and build the project again (./alpacacot does both). libtorch's packages exist for linux-x64, osx-arm64, win-x64 and win-arm64");
    }

    private static nint LoadFile(string file)
    {
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException($"{file} does not load: {FirstLine(e)}", e);
        }
    }

    // TorchSharp 0.107's library is linked against GCC 13's libstdc++ for nothing but a marker; see ElfVersions.
    private static nint LoadSharp(string file)
    {
        if (NativeLibrary.TryLoad(file, out var handle)) return handle;
        if (!OperatingSystem.IsLinux()) return LoadFile(file);
        // Of a program that was built elsewhere, the folder of the build is not there to be written.
        Exception? refused = null;
        foreach (var folder in (string?[])[AppContext.GetData("AlpacaCot.NativeCache") as string, AppContext.BaseDirectory])
        {
            try
            {
                if (folder is null) continue;
                PatchedCopy = ElfVersions.PatchedCopy(file, folder);
                return LoadFile(PatchedCopy ?? file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                refused = e;
            }
        }
        throw new DllNotFoundException($"this system's libstdc++ is older than GCC 13's, and the copy of {file} that fits it cannot be written: {refused?.Message}", refused);
    }

    private static string FirstLine(Exception e) => e.Message.Split('\n', 2)[0];
}
