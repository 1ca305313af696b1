using System.Diagnostics;
using AlpacaCot.Adapters.Lora;

namespace AlpacaCot.Adapters.Tests;

/// <summary>Adapter configurations that ask for much: what they state is compared with the weights, and expressions end.</summary>
public sealed class HostileAdapterTests
{
    [Theory]
    [InlineData("""{"peft_type":"LORA","r":2147483647}""", "r = 2147483647 must be at least 1 and at most 4096")]
    [InlineData("""{"peft_type":"LORA","r":8,"rank_pattern":{"q":2147483647}}""", "rank_pattern = 2147483647 must be")]
    [InlineData("""{"peft_type":"LORA","r":null,"r":8}""", "has the key r twice")]
    [InlineData("""{"peft_type":"LORA","lora_alpha":1e308}""", "lora_alpha = 1E+308 must be at most 2147483647")]
    [InlineData("""{"peft_type":"LORA","lora_alpha":1e999}""", "lora_alpha is a number beyond")]
    [InlineData("""{"peft_type":"\ud800"}""", "peft_type is not valid text")]
    [InlineData("""{"peft_type":"LORA","target_modules":"(.+)+\\1!"}""", "takes too long on")]
    [InlineData("""{"peft_type":"LORA","target_modules":"(q"}""", "a bracket ( is not closed")]
    [InlineData("""[1]""", "is not a JSON object")]
    public void Read_WhatCannotBe_RefusedInOneLineOfOurWords(string json, string says)
    {
        var watch = Stopwatch.StartNew();
        var message = Assert.ThrowsAny<AdapterException>(() => AdapterConfig.Read(json, "adapter_config.json")).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    /// <summary>Each pattern is prepared, and compared with each module of the base.</summary>
    [Theory]
    [InlineData("layers.", 4097, "rank_pattern has 4097 patterns")]
    [InlineData("(a+)+", 257, "at most 256 may be more than a module's name")]
    public void Read_PatternsWithoutMeasure_AreRefusedBeforeTheyArePrepared(string beginning, int count, string says)
        => Read_WhatCannotBe_RefusedInOneLineOfOurWords($$$"""{"peft_type":"LORA","rank_pattern":{ {{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"{beginning}{i}\":4"))}}} }}""", says);

    [Fact]
    public void Read_NamesOfEveryModuleOfALargeModel_AreTakenInNoTime()
    {
        var watch = Stopwatch.StartNew();
        var names = string.Join(',', Enumerable.Range(0, 4096).Select(i => $"\"model.layers.{i}.q_proj\":4"));
        var config = (LoraConfig)AdapterConfig.Read($$$"""{"peft_type":"LORA","target_modules":["q_proj"],"rank_pattern":{ {{{names}}} }}""");
        Assert.Equal(4096, config.RankPattern.Count);
        Assert.True(LoraConfig.PatternMatches("model.layers.7.q_proj", "model.layers.7.q_proj"));
        Assert.False(LoraConfig.PatternMatches("layers.7.q_proj", "model.xlayers.7.q_proj"));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 60);
    }

    [Fact]
    public void Read_LongWrongValue_IsShownShort()
        => Assert.InRange(Assert.ThrowsAny<AdapterException>(() => AdapterConfig.Read($$"""{"peft_type":"LORA","r":"{{new string('x', 100_000)}}"}""")).Message.Length, 1, 300);

    [Fact]
    public void Parameter_MoreValuesThanTheFileHolds_RefusedBeforeMemoryIsTaken()
    {
        using (AdapterInit.AtMost(100, "adapter_model.safetensors"))
        {
            AdapterInit.Parameter([8, 8], CPU, _ => { }, null).Dispose();
            Assert.Contains("adapter_model.safetensors: adapter_config.json asks for more values than it holds", Assert.Throws<AdapterException>(() => AdapterInit.Parameter([1L << 40, 1L << 40], CPU, _ => { }, null)).Message, StringComparison.Ordinal);
        }
        AdapterInit.Parameter([16, 16], CPU, _ => { }, null).Dispose();
    }
}
