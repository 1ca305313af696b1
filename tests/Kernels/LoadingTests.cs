using System.Runtime.InteropServices;
using AlpacaCot.Kernels.Native;

namespace AlpacaCot.Kernels.Tests;

public sealed class LoadingTests
{
    [Fact]
    public void Load_OfThisProgram_IsNuGetsLibtorchAndCountsItsMemory()
    {
        LibTorch.Load();
        Assert.StartsWith("2.10.0", torch.__version__, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(LibTorch.Folder!, OperatingSystem.IsLinux() ? "libtorch_cpu.so" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "torch_cpu.dll")));
        Assert.Equal(OperatingSystem.IsLinux(), TensorMemory.IsCounted);
    }

    [Fact]
    public void Load_OnLinux_ThreadsLookForWorkAMomentBeforeTheySleep()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "GNU OpenMP is Linux's");
        Assert.SkipWhen(Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is not null || Environment.GetEnvironmentVariable("GOMP_SPINCOUNT") is not null, "set by whoever runs the tests");
        LibTorch.Load();
        Assert.Equal(("active", "3000"), (OfLibraries("OMP_WAIT_POLICY"), OfLibraries("GOMP_SPINCOUNT")));

        static string? OfLibraries(string name) => Marshal.PtrToStringUTF8(GetEnvironment(name));
    }

    [DllImport("libc", EntryPoint = "getenv")]
    private static extern nint GetEnvironment([MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    [Fact]
    public void MarkWeak_OfTorchSharpsLibrary_ChangesOneFlagAlone()
    {
        var file = Library();
        byte[] before = File.ReadAllBytes(file), after = [.. before];
        Assert.True(ElfVersions.MarkWeak(after));
        var changed = Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]).ToList();
        Assert.Single(changed);
        Assert.Equal(before[changed[0]] | 2, after[changed[0]]);
    }

    [Fact]
    public void MarkWeak_OfWhatIsNoSuchLibrary_ChangesNothing()
    {
        var file = File.ReadAllBytes(Library());
        Assert.False(ElfVersions.MarkWeak([]));
        Assert.False(ElfVersions.MarkWeak([.. "no library at all, whatever its name says it was, and it is longer than a header"u8]));
        Assert.False(ElfVersions.MarkWeak(file[..4096]));
        Assert.False(ElfVersions.MarkWeak(File.ReadAllBytes(typeof(torch).Assembly.Location)));
    }

    [Fact]
    public void PatchedCopy_MadeTwice_IsOneFile()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var first = ElfVersions.PatchedCopy(Library(), folder.FullName);
            Assert.NotNull(first);
            Assert.Equal(first, ElfVersions.PatchedCopy(Library(), folder.FullName));
            Assert.Single(folder.GetFiles());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Library()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ELF files are Linux's");
        return Path.Combine((string)AppContext.GetData("AlpacaCot.TorchSharp")!, "libLibTorchSharp.so");
    }
}
