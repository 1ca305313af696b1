using System.Reflection;
using System.Text.Json.Serialization;

namespace AlpacaCot.Worker.Protocol.Tools;

/// <summary>What a one-shot tool is asked: whoever asks has read and judged it, and the tool takes it as it is.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "tool")]
[JsonDerivedType(typeof(PrepareRequest), "prepare")]
[JsonDerivedType(typeof(TrainAdapterRequest), "train")]
[JsonDerivedType(typeof(EvaluateModelRequest), "eval")]
[JsonDerivedType(typeof(ContinuePromptRequest), "generate")]
[JsonDerivedType(typeof(MergeRequest), "merge")]
[JsonDerivedType(typeof(AddModelRequest), "model add")]
[JsonDerivedType(typeof(ConvertModelRequest), "model convert")]
[JsonDerivedType(typeof(PretrainRequest), "model pretrain")]
[JsonDerivedType(typeof(ExpandVocabularyRequest), "model expand-vocab")]
[JsonDerivedType(typeof(ShowModelRequest), "model show")]
[JsonDerivedType(typeof(VerifyModelsRequest), "model verify")]
[JsonDerivedType(typeof(ShowAdapterRequest), "adapter show")]
[JsonDerivedType(typeof(CompareAdaptersRequest), "adapter diff")]
[JsonDerivedType(typeof(CombineAdaptersRequest), "adapter combine")]
[JsonDerivedType(typeof(ShowDataRequest), "data show")]
[JsonDerivedType(typeof(InspectDataRequest), "data inspect")]
[JsonDerivedType(typeof(ListDataRequest), "data list")]
[JsonDerivedType(typeof(AddDataRequest), "data add")]
[JsonDerivedType(typeof(DataStatisticsRequest), "data stats")]
[JsonDerivedType(typeof(GenerateGoatRequest), "data goat generate")]
[JsonDerivedType(typeof(GoatCellsRequest), "data goat cells")]
[JsonDerivedType(typeof(VerifyGoatRequest), "data goat verify")]
[JsonDerivedType(typeof(TrainTokenizerRequest), "tokenizer train")]
[JsonDerivedType(typeof(ExtendTokenizerRequest), "tokenizer extend")]
[JsonDerivedType(typeof(CompareTokenizersRequest), "tokenizer compare")]
[JsonDerivedType(typeof(ModelsRequest), "list models")]
[JsonDerivedType(typeof(DataSetsRequest), "list data")]
[JsonDerivedType(typeof(TemplatesRequest), "list templates")]
[JsonDerivedType(typeof(DoctorRequest), "doctor")]
[JsonDerivedType(typeof(DevicesRequest), "devices")]
public abstract record ToolRequest
{
    private static readonly Dictionary<Type, string> _tools = typeof(ToolRequest).GetCustomAttributes<JsonDerivedTypeAttribute>().ToDictionary(known => known.DerivedType, known => (string)known.TypeDiscriminator!);

    /// <summary>All requests that there are, by the names of their tools.</summary>
    public static IReadOnlyDictionary<string, Type> All { get; } = _tools.ToDictionary(known => known.Value, known => known.Key, StringComparer.Ordinal);

    /// <summary>The tool's name, as its command is called.</summary>
    [JsonIgnore]
    public string Tool => _tools[GetType()];
}

/// <summary>A request whose answer is of one type, for whoever asks from within the platform.</summary>
/// <typeparam name="TAnswer">What is answered.</typeparam>
public abstract record ToolRequest<TAnswer> : ToolRequest;
