using AlpacaCot.Adapters.Bottleneck;
using AlpacaCot.Adapters.Ia3;
using AlpacaCot.Adapters.Lora;
using AlpacaCot.Kernels;
using AlpacaCot.Models;

namespace AlpacaCot.Adapters.Tests;

public sealed class AdapterBankTests
{
    private static readonly int[] First = [3, 14, 15, 9, 26], Second = [5, 35, 8], Third = [9, 7, 9, 3, 2, 38, 46];

    [Fact]
    public void Forward_MembersAndBareBaseInOneRow_EachAsAlone()
    {
        using var decoder = TinyDecoder.Create();
        using var lora = TinyDecoder.Adapter(decoder, new LoraConfig { Init = LoraInit.Random, TargetModules = ModuleSelection.Matching("all-linear") });
        using var ia3 = TinyDecoder.Adapter(decoder, new Ia3Config { InitOnes = false });
        var bank = new AdapterBank(decoder);
        var (a, b) = (bank.Add(lora), bank.Add(ia3));

        var packed = TinyDecoder.Logits(decoder, bank, (a, First), (a, Third), (-1, Second), (b, Second), (b, First), (a, Second));

        Close(TinyDecoder.Logits(decoder, bank, (a, First))[0], packed[0]);
        Close(TinyDecoder.Logits(decoder, bank, (a, Third))[0], packed[1]);
        Close(TinyDecoder.Logits(decoder, null, (-1, Second))[0], packed[2]);
        Close(TinyDecoder.Logits(decoder, bank, (b, Second))[0], packed[3]);
        Close(TinyDecoder.Logits(decoder, bank, (b, First))[0], packed[4]);
        Close(TinyDecoder.Logits(decoder, bank, (a, Second))[0], packed[5]);
        Assert.True(Distance(packed[2], packed[3]) > 0.01 && Distance(packed[2], packed[5]) > 0.01 && Distance(packed[3], packed[5]) > 0.01);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1e-5)]
    [InlineData(ScalarType.BFloat16, 3e-2)]
    public void Hidden_MembersDecodedTokenByToken_AsTheirWholeRows(ScalarType dtype, double tolerance)
    {
        using var decoder = TinyDecoder.Create(dtype: dtype);
        using var lora = TinyDecoder.Adapter(decoder, new LoraConfig { Init = LoraInit.Random, TargetModules = ModuleSelection.Matching("all-linear") });
        using var ia3 = TinyDecoder.Adapter(decoder, new Ia3Config { InitOnes = false });
        using var sequential = TinyDecoder.Adapter(decoder, new BottleneckConfig { Size = 6, InitBert = true, Activation = "relu" });
        using var parallel = TinyDecoder.Adapter(decoder, new BottleneckConfig { Size = 5, Parallel = true, Scaling = null });
        using var gelu = TinyDecoder.Adapter(decoder, new BottleneckConfig { Size = 4, Activation = "gelu", Scaling = 2 });
        using var dora = TinyDecoder.Adapter(decoder, new LoraConfig { Init = LoraInit.Random, UseDora = true });
        var bank = new AdapterBank(decoder);
        int[] members = [bank.Add(lora), bank.Add(ia3), -1, 0, 1, bank.Add(dora), bank.Add(sequential), bank.Add(parallel), bank.Add(gelu)];
        using var scope = torch.NewDisposeScope();
        using var frozen = torch.no_grad();
        foreach (var parameter in dora.Parameters.Where(parameter => parameter.Key.EndsWith("magnitude_vector", StringComparison.Ordinal))) parameter.Value.mul_(1.5);
        foreach (var parameter in new[] { sequential, parallel, gelu }.SelectMany(adapter => adapter.Parameters)) parameter.Value.mul_(8); // N(0, 0.02) would be lost in what the base adds
        var whole = members.Select(member => decoder.Hidden(torch.tensor(Array.ConvertAll(Third, id => (long)id)), SegmentLayout.Single(Third.Length, member), bank)).ToArray();
        using var cache = new KvCache(decoder);
        var sequences = Array.ConvertAll(members, _ => cache.Allocate());
        for (var position = 0; position < Third.Length; position++)
        {
            var layout = new SegmentLayout([.. members.Select((member, i) => new Segment(i, 1, member, position, sequences[i]))]);
            var hidden = decoder.Hidden(torch.tensor(Enumerable.Repeat((long)Third[position], members.Length).ToArray()), layout, bank, cache);
            for (var i = 0; i < members.Length; i++)
            {
                var (expected, actual) = (whole[i][position].ToArray<float>(), hidden[i].ToArray<float>());
                var largest = expected.Max(Math.Abs);
                Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, tolerance * largest));
            }
        }
    }

    [Fact]
    public void Add_AfterRemove_IndexIsFreeAgain()
    {
        using var decoder = TinyDecoder.Create();
        using var adapter = TinyDecoder.Adapter(decoder, new LoraConfig());
        var bank = new AdapterBank(decoder);
        Assert.Equal((0, 1), (bank.Add(adapter), bank.Add(adapter)));
        bank.Remove(0);
        Assert.Throws<AdapterException>(() => bank[0]);
        Assert.Throws<AdapterException>(() => bank.Remove(0));
        Assert.Equal(0, bank.Add(adapter));
        Assert.Same(adapter, bank[1]);
    }

    [Fact]
    public void Add_AdapterOfAnotherShape_Refused()
    {
        using var small = TinyDecoder.Create(layers: 1);
        using var large = TinyDecoder.Create(layers: 2);
        using var adapter = TinyDecoder.Adapter(large, new LoraConfig());
        Assert.Contains("model.layers.1", Assert.Throws<AdapterException>(() => new AdapterBank(small).Add(adapter)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mask_Dropout_DependsOnKeyAndModuleAlone()
    {
        using var scope = torch.NewDisposeScope();
        float[] Mask(int module, params ulong[] keys) => new RowDropout(keys).Mask(0.25, module)!.Apply(torch.ones(keys.Length, 500)).ToArray<float>();

        var alone = Mask(0, 7, 8);
        Assert.Equal(alone, Mask(0, 99, 98, 7, 8)[1000..]);
        Assert.NotEqual(alone[..500], alone[500..]);
        Assert.NotEqual(alone, Mask(1, 7, 8));
        Assert.Null(new RowDropout([7]).Mask(0, 0));
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => (double)Math.Abs(x - y)).Max();

    private static void Close(float[] want, float[] have)
    {
        Assert.Equal(want.Length, have.Length);
        Assert.True(Distance(want, have) <= 1e-5 * want.Max(Math.Abs), $"differs by {Distance(want, have):E2}");
    }
}
