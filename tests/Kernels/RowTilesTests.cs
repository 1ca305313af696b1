namespace AlpacaCot.Kernels.Tests;

/// <summary>The loops for wide registers and for narrow ones, which both run anywhere.</summary>
public sealed unsafe class RowTilesTests
{
    private const int Rows = 4, Apart = 2000;

    [Theory]
    [InlineData(32)]
    [InlineData(96)]
    [InlineData(1056)]
    [InlineData(75)]   // what is left of the last 32 is the caller's
    public void Sums_EveryLoop_TheSameToTheLastBit_AndThoseOfTheDefinition(int k)
    {
        using var generator = new torch.Generator((ulong)k);
        using var numbers = torch.randn([2 * Rows, k], generator: generator);
        using var rounded = numbers.to(bfloat16);
        using var codes = (numbers * 40).clamp(-128, 127).to(int8);
        Check<F32>(numbers, k);
        Check<BF16>(rounded, k);
        Check<I8>(codes, k);
    }

    private static void Check<T>(Tensor weight, int k) where T : struct, IWeight
    {
        var (whole, random) = (k / RowTiles.Step * RowTiles.Step, new Random(k));
        var x = Enumerable.Range(0, Rows * Apart).Select(_ => random.NextSingle() - 0.5f).ToArray();
        using var numbers = weight.to(float32);
        var w = numbers.ToArray<float>();
        // bf16 comes in pairs: of each 32 those of even index first.
        var arranged = (float[])x.Clone();
        if (typeof(T) == typeof(BF16))
            for (var row = 0; row < Rows; row++)
                for (var i = 0; i < whole; i++) arranged[row * Apart + i / 32 * 32 + i % 2 * 16 + i % 32 / 2] = x[row * Apart + i];
        var at = (byte*)weight.Pointer();
        foreach (var ahead in new long[] { 0, 4 * k * T.Bytes })
            fixed (float* rows = arranged, narrow = new float[Rows * Rows], wide = new float[Rows * Rows], used = new float[2 * Rows * Rows], one = new float[2 * Rows])
            {
                NarrowTiles.FourRows<T>(at, 4 * k, k, rows, Apart, ahead, narrow);
                WideTiles.FourRows<T>(at, 4 * k, k, rows, Apart, ahead, wide);
                RowTiles.Times<T>(at, 4 * k, k, rows, Rows, Apart, ahead, used);
                Assert.Equal(new Span<float>(Simd.IsWide ? wide : narrow, Rows * Rows).ToArray(), new Span<float>(used, Rows * Rows).ToArray());
                for (var row = 0; row < Rows; row++)
                {
                    NarrowTiles.OneRow<T>(at, 4 * k, k, rows + row * Apart, ahead, one);
                    WideTiles.OneRow<T>(at, 4 * k, k, rows + row * Apart, ahead, one + Rows);
                    for (var column = 0; column < Rows; column++)
                    {
                        Assert.Equal(narrow[row * Rows + column], one[column]);
                        Assert.Equal(one[column], NarrowTiles.Single<T>(at, (4 + column) * k, k, rows + row * Apart));
                        Assert.Equal(wide[row * Rows + column], one[Rows + column]);
                        Assert.Equal(one[Rows + column], WideTiles.Single<T>(at, (4 + column) * k, k, rows + row * Apart));
                        var expected = Enumerable.Range(0, whole).Sum(i => (double)x[row * Apart + i] * w[(4 + column) * k + i]);
                        var size = Enumerable.Range(0, whole).Sum(i => Math.Abs((double)x[row * Apart + i] * w[(4 + column) * k + i]));
                        Assert.InRange(one[column], expected - 1e-6 * size, expected + 1e-6 * size);
                        Assert.InRange(one[Rows + column], expected - 1e-6 * size, expected + 1e-6 * size);
                    }
                }
                // Rows that are no four.
                RowTiles.Times<T>(at, 4 * k, k, rows, Rows - 1, Apart, ahead, used + Rows * Rows);
                Assert.Equal(new Span<float>(used, (Rows - 1) * Rows).ToArray(), new Span<float>(used + Rows * Rows, (Rows - 1) * Rows).ToArray());
            }
    }

    [Fact]
    public void Numbers_EveryCodeAtEveryPlace_AreItsValueTimesTheScale()
    {
        var values = FourBitCode.Nf4.Values.ToArray();
        byte[] codes = [.. Enumerable.Range(0, FourBitNumbers.Granule / 2).Select(i => (byte)(i * 37 + 11))];
        float[] written = new float[FourBitNumbers.Granule], arranged = new float[FourBitNumbers.Granule];
        fixed (float* table = values, to = written, other = arranged)
        fixed (byte* from = codes)
        {
            var numbers = new FourBitNumbers(table);
            for (var turn = 0; turn < 256; turn++)
            {
                numbers.Write(from, 0.37f, to);
                numbers.Write(from, 0.37f, other, arranged: true);
                Assert.Equal(codes.SelectMany(code => new[] { values[code >> 4] * 0.37f, values[code & 15] * 0.37f }), written);
                FourBitNumbers.Arrange(to, FourBitNumbers.Granule);
                Assert.Equal(written, arranged);
                for (var i = 0; i < codes.Length; i++) codes[i]++;
            }
        }
    }
}
