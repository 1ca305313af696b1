namespace AlpacaCot.Kernels.Tests;

public sealed class ByteMatrixTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 1, 5, 3)]
    [InlineData(ScalarType.Float32, 9, 70, 37)]
    [InlineData(ScalarType.BFloat16, 256, 48, 64)]
    [InlineData(ScalarType.BFloat16, 600, 33, 100)]     // more rows than are computed at once
    public void Products_BothDirections_AsThePlainDefinition(ScalarType type, int rows, int output, int input)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(3);
        var matrix = Matrix(g, output, input);
        Tensor x = torch.randn([rows, input], generator: g).to(type), dy = torch.randn([rows, output], generator: g).to(type), bias = torch.randn([output], generator: g).to(type);
        Assert.Equal(type, matrix.Times(x).dtype);
        // A last bit may differ, and with it what is rounded to bf16.
        var tolerance = type == ScalarType.Float32 ? 1e-5 : 1e-2;
        Setup.AssertClose(matrix.Reference(x, null, back: false).ToArray<float>(), matrix.Times(x).ToArray<float>(), tolerance);
        Setup.AssertClose(matrix.Reference(x, bias, back: false).ToArray<float>(), matrix.Times(x, bias).ToArray<float>(), tolerance);
        Setup.AssertClose(matrix.Reference(dy, null, back: true).ToArray<float>(), matrix.TimesTransposed(dy).ToArray<float>(), tolerance);
    }

    /// <summary>Blocks, where the processor has none by their plain definition, against what all processors compute.</summary>
    [Theory]
    [InlineData(ScalarType.Float32, 1, 4, 8)]
    [InlineData(ScalarType.Float32, 70, 100, 76)]       // the last block of columns is narrower
    [InlineData(ScalarType.BFloat16, 530, 64, 40)]      // more rows than are computed at once
    [InlineData(ScalarType.BFloat16, 9, 20, 8300)]      // sums in pieces
    public void ProductInBlocks_BothDirections_AsThePlainDefinition(ScalarType type, int rows, int output, int input)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(9);
        var matrix = Matrix(g, output, input);
        Tensor x = torch.randn([rows, input], generator: g).to(type), dy = torch.randn([rows, output], generator: g).to(type), bias = torch.randn([output], generator: g).to(type);
        var tolerance = type == ScalarType.Float32 ? 1e-5 : 1e-2;
        Setup.AssertClose(matrix.Reference(x, bias, back: false).ToArray<float>(), matrix.Product(x, bias, back: false, inBlocks: true).ToArray<float>(), tolerance);
        Setup.AssertClose(matrix.Reference(dy, null, back: true).ToArray<float>(), matrix.Product(dy, null, back: true, inBlocks: true).ToArray<float>(), tolerance);
    }

    /// <summary>A weight's rows become bytes as x's do; where its panels are kept, products give the same as without them.</summary>
    [Theory]
    [InlineData(ScalarType.Float32, 70, 100, 76)]       // the last panel is narrower
    [InlineData(ScalarType.BFloat16, 300, 130, 64)]
    [InlineData(ScalarType.Float32, 9, 5, 37)]          // no panels of rows of such a width
    public void Of_AWeight_MultipliesAsItsCodesDo(ScalarType type, int rows, int output, int input)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(11);
        Tensor weight = torch.randn([output, input], generator: g).to(type), x = torch.randn([rows, input], generator: g).to(type), bias = torch.randn([output], generator: g).to(type);
        weight[1] = 0;
        var wide = weight.to(torch.float32);
        var largest = wide.abs().amax([1], keepdim: true);
        var codes = (wide * torch.where(largest > 0, torch.full_like(largest, 127) / largest, torch.zeros_like(largest))).round().to(ScalarType.Int8);
        var plain = new ByteMatrix(codes, (largest / 127).squeeze(1));
        using var made = ByteMatrix.Of(weight.t().contiguous().t());
        Assert.Equal(plain.Times(x, bias).ToArray<float>(), made.Times(x, bias).ToArray<float>());
        Assert.Equal(plain.TimesTransposed(bias.unsqueeze(0)).ToArray<float>(), made.TimesTransposed(bias.unsqueeze(0)).ToArray<float>());
    }

    /// <summary>The largest sums that there can be, in one part and in several, the last of them shorter.</summary>
    [Theory]
    [InlineData(1040)]
    [InlineData(1041)]
    [InlineData(2500)]
    public void InFloats_SumsOfTheLargestBytes_AreExact(int width)
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(8);
        Tensor Bytes(int rows, int columns) => (torch.randn([rows, columns], generator: g) * 60).round().clamp(-127, 127);
        var bytes = Bytes(6, width);
        var codes = Bytes(width, 5).to(torch.int8);
        bytes[0] = 127;
        codes.t()[0] = 127;
        codes.t()[1] = -127;
        var exact = bytes.to(torch.float64).mm(codes.to(torch.float64)).to(torch.float32);
        Assert.Equal(exact.ToArray<float>(), ByteMatrix.InFloats(bytes, codes).ToArray<float>());
    }

    [Fact]
    public void Times_ARowAmongOthers_SameBitsAsAlone()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(4);
        var matrix = Matrix(g, 40, 96);
        var x = torch.randn([300, 96], generator: g).to(ScalarType.BFloat16);
        var all = matrix.Times(x);
        foreach (var row in new[] { 0, 7, 255, 256, 299 }) Assert.Equal(all[row].ToArray<float>(), matrix.Times(x.narrow(0, row, 1))[0].ToArray<float>());
    }

    /// <summary>A row of zeros is one; a row that is not finite says so, and no other row does.</summary>
    [Fact]
    public void Times_RowsOfZerosAndOfWhatIsNoNumber_SayWhatTheyAre()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(5);
        var matrix = Matrix(g, 20, 35);
        var x = torch.randn([5, 35], generator: g);
        x[1] = 0;
        x[2, 3] = float.NaN;
        x[3, 34] = float.PositiveInfinity;
        var y = matrix.Times(x);
        Assert.All(y[1].ToArray<float>(), value => Assert.Equal(0, value));
        foreach (var row in new[] { 2, 3 }) Assert.All(y[row].ToArray<float>(), value => Assert.False(float.IsFinite(value)));
        foreach (var row in new[] { 0, 4 }) Assert.All(y[row].ToArray<float>(), value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Matrix_WhatDoesNotFit_Refused()
    {
        using var scope = torch.NewDisposeScope();
        using var g = new Generator(6);
        var matrix = Matrix(g, 4, 8);
        Assert.Throws<ArgumentException>(() => matrix.Times(torch.zeros(2, 4)));
        Assert.Throws<ArgumentException>(() => matrix.TimesTransposed(torch.zeros(2, 8)));
        Assert.Throws<ArgumentException>(() => matrix.Times(torch.zeros(2, 8), torch.zeros(3)));
        Assert.Throws<ArgumentException>(() => new ByteMatrix(torch.zeros([4, 8], ScalarType.Int8), torch.zeros(5)));
        Assert.Throws<ArgumentException>(() => ByteMatrix.Of(torch.zeros(8)));
    }

    private static ByteMatrix Matrix(Generator g, int output, int input)
        => new((torch.rand([output, input], generator: g) * 254 - 127).round().to(ScalarType.Int8), torch.rand([output], generator: g) / 50 + 0.001);
}
