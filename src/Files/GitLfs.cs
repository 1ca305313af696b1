using System.Globalization;
using System.Text;

namespace AlpacaCot.Files;

/// <summary>
/// Pointers of Git LFS (its specification, version 1): the few lines of text that a clone without <c>git lfs</c> leaves where a large file should be.
/// Every reader of weights, tokenizers and rows asks here, so that a pointer is called what it is.
/// </summary>
public static class GitLfs
{
    /// <summary>The specification bounds a pointer to fewer bytes than this.</summary>
    private const int LongestPointer = 1024;

    // The second is the name that the first releases wrote.
    private static readonly byte[][] _beginnings = [[.. "version https://git-lfs.github.com/spec/"u8], [.. "version https://hawser.github.com/spec/"u8]];

    /// <summary>Whether a file that begins with these bytes is a pointer.</summary>
    /// <param name="head">The file's first bytes.</param>
    /// <param name="length">The whole file's length.</param>
    public static bool IsPointer(ReadOnlySpan<byte> head, long length)
    {
        if (length >= LongestPointer) return false;
        foreach (var beginning in _beginnings)
            if (head.StartsWith(beginning)) return true;
        return false;
    }

    /// <summary>Refuses a pointer.</summary>
    /// <param name="path">The file.</param>
    /// <param name="head">Its first bytes; all of them where it is short.</param>
    /// <param name="length">Its length.</param>
    /// <exception cref="InvalidDataException">It is one; the message names the file, the size of what is missing, and the way out.</exception>
    public static void Refuse(string path, ReadOnlySpan<byte> head, long length)
    {
        if (!IsPointer(head, length)) return;
        var size = Encoding.UTF8.GetString(head).Split('\n').Select(line => line.Split(' ')).FirstOrDefault(words => words is ["size", _])?[1];
        var missing = long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? string.Create(CultureInfo.InvariantCulture, $" ({bytes:N0} bytes)") : "";
        throw new InvalidDataException($"{path}: is a Git LFS pointer, not the file{missing} that it stands for; run 'git lfs pull' in its repository, or download the file itself");
    }

    /// <summary>Refuses a pointer, looking at the file; a file that cannot be read is left to the caller's own reading.</summary>
    /// <exception cref="InvalidDataException">It is one.</exception>
    public static void Refuse(string path)
    {
        try
        {
            using var file = RegularFile.OpenRead(path);
            if (file.Length >= LongestPointer) return;
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            Refuse(path, bytes, bytes.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Reading it will fail in the same way, with the reader's own words.
        }
    }
}
