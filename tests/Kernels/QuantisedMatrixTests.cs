namespace AlpacaCot.Kernels.Tests;

/// <summary>Products of a few rows with codes beside those with the numbers that the codes stand for.</summary>
public sealed class QuantisedMatrixTests
{
    [Theory]
    [InlineData(128, 64, true)]
    [InlineData(2112, 64, false)]   // more than one stretch
    [InlineData(96, 64, false)]     // a block of scales reaches into the next row
    [InlineData(1376, 128, true)]
    [InlineData(128, 32, true)]     // two scales in what wide registers take at a time
    public void Product_CodesOfFourBits_ThatOfTheirNumbers_WhateverLiesBeside(int width, int block, bool isNf4)
    {
        const int Out = 131;   // not a whole number of tiles
        var code = isNf4 ? FourBitCode.Nf4 : FourBitCode.Fp4;
        using var weight = torch.randn([Out, width], generator: new torch.Generator((ulong)width));
        var (packed, largest) = (new byte[Out * width / 2], new float[FourBit.Blocks(Out * width, block)]);
        FourBit.Quantise(code, weight, packed, largest, block);
        using var numbers = torch.empty([Out, width]);
        FourBit.Dequantise(code, packed, largest, numbers, block);
        Check(new QuantisedMatrix(code, Out, width, packed, new FourBitScales(block, largest)), numbers);

        // Scales that are codes themselves, of a map and larger blocks.
        byte[] codes = [.. largest.Select((_, i) => (byte)(i * 7))];
        float[] map = [.. Enumerable.Range(0, 256).Select(i => (i - 100) / 256f)], nested = [.. Enumerable.Range(0, (codes.Length + 3) / 4).Select(i => 0.5f + i % 3)];
        float[] scales = [.. codes.Select((c, i) => map[c] * nested[i / 4] + 0.25f)];
        FourBit.Dequantise(code, packed, scales, numbers, block);
        Check(new QuantisedMatrix(code, Out, width, packed, new FourBitScales(block, nested) { Codes = codes, Map = map, NestedBlock = 4, Offset = 0.25f }), numbers);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(1376)]
    public void Product_CodesOfAByte_ThatOfTheirNumbers_WhateverLiesBeside(int width)
    {
        const int Out = 131;
        var generator = new torch.Generator((ulong)width);
        using var codes = torch.randint(-127, 128, [Out, width], int8, generator: generator);
        using var scales = torch.rand([Out], generator: generator);
        using var numbers = codes.to(float32) * scales.unsqueeze(1);
        Check(new QuantisedMatrix(codes, scales), numbers);
    }

    private static void Check(QuantisedMatrix matrix, Tensor numbers)
    {
        foreach (var type in (ScalarType[])[float32, bfloat16])
        {
            using var drawn = torch.randn([QuantisedMatrix.MostRows, matrix.In], generator: new torch.Generator(3));
            using var x = drawn.to(type);
            Assert.True(matrix.Suits(x));
            using var all = matrix.Product(x);
            using var expected = x.to(float64).mm(numbers.to(float64).t());
            using var size = x.to(float64).abs().mm(numbers.to(float64).abs().t());
            // A sum of so many products in fp32, rounded once to the type.
            var allowed = (size * 1e-6 + expected.abs() * (type == float32 ? 0 : 4e-3)).ToArray<double>();
            var differences = (all.to(float64) - expected).abs().ToArray<double>();
            Assert.All(differences.Zip(allowed), pair => Assert.True(pair.First <= pair.Second, $"{pair.First} where {pair.Second} is allowed"));
            foreach (var rows in (int[])[1, 3, 4, 7])
            {
                using var some = matrix.Product(x.narrow(0, 0, rows));
                Assert.True(some.equal(all.narrow(0, 0, rows)).all().item<bool>(), $"{rows} rows of {type}");
            }
            // A bias is added before the sum is rounded.
            using var bias = torch.linspace(-2, 3, matrix.Out, dtype: type);
            using var raised = torch.empty([QuantisedMatrix.MostRows, matrix.Out], type);
            QuantisedMatrix.Linear(new Rows(x), [new QuantisedProduct(matrix, bias, new Rows(raised))]);
            using var sums = expected + bias.to(float64);
            var kept = (size * 1e-6 + sums.abs() * (type == float32 ? 1e-6 : 4e-3)).ToArray<double>();
            Assert.All((raised.to(float64) - sums).abs().ToArray<double>().Zip(kept), pair => Assert.True(pair.First <= pair.Second, $"with a bias {pair.First} where {pair.Second} is allowed"));
        }
    }
}
