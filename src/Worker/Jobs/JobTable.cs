using AlpacaCot.Kernels.Native;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Worker.Jobs;

/// <summary>Which code runs which job.</summary>
internal static class JobTable
{
    private static readonly Dictionary<string, Action<ToolOptions, ToolJob, JobContext>> _tools = new(StringComparer.Ordinal)
    {
        ["prepare"] = PrepareTool.Run,
        ["train"] = TrainTool.Run,
        ["eval"] = EvalTool.Run,
        ["generate"] = GenerateTool.Run,
        ["merge"] = MergeTool.Run,
        ["model add"] = AddTool.Run,
        ["adapter show"] = AdapterTools.Show,
        ["adapter diff"] = AdapterTools.Diff,
        ["adapter combine"] = AdapterTools.Combine,
        ["model convert"] = ModelTools.Convert,
        ["model pretrain"] = PretrainTool.Run,
        ["model expand-vocab"] = ExpandVocabularyTool.Run,
        ["model show"] = ModelTools.Show,
        ["model verify"] = ModelTools.Verify,
        ["data show"] = DataTool.Show,
        ["data inspect"] = DataTool.Inspect,
        ["data list"] = DataSetTools.List,
        ["data add"] = DataSetTools.Add,
        ["data stats"] = DataSetTools.Stats,
        ["data goat generate"] = GoatTools.Generate,
        ["data goat cells"] = GoatTools.Cells,
        ["data goat verify"] = GoatTools.Verify,
        ["tokenizer train"] = TokenizerTools.Train,
        ["tokenizer extend"] = TokenizerTools.Extend,
        ["tokenizer compare"] = TokenizerTools.Compare,
        ["list models"] = ListTools.Models,
        ["list data"] = ListTools.Data,
        ["list templates"] = ListTools.Templates,
        ["doctor"] = DoctorTool.Run,
        ["devices"] = DevicesTool.Run,
    };

    /// <summary>Tools that compute nothing: they do not wait for libtorch to load, or load it themselves to tell how that went.</summary>
    private static readonly HashSet<string> _withoutTorch =
        ["data show", "data inspect", "data list", "data add", "data stats", "data goat generate", "data goat cells", "data goat verify", "list models", "list data", "list templates", "tokenizer train", "tokenizer extend", "tokenizer compare", "doctor", "model add"];

    /// <summary>Runs a job to its end on this thread.</summary>
    public static void Run(WorkerJob job, JobContext context)
    {
        if (job is not ToolJob { Tool: var name } || !_withoutTorch.Contains(name)) LibTorch.Load();
        switch (job)
        {
            case TrainJob pack:
                new TrainRunner(pack, context).Run();
                break;
            case EvaluateJob evaluation:
                EvaluateRunner.Run(evaluation, context);
                break;
            case ServeJob serve:
                ServeRunner.Run(serve, context);
                break;
            case ToolJob tool:
                if (!_tools.TryGetValue(tool.Tool, out var run)) throw new ToolException($"there is no tool '{tool.Tool}'; known are {string.Join(", ", _tools.Keys)}");
                run(new ToolOptions(tool.Options), tool, context);
                break;
            default:
                throw new ToolException($"there is no job {job.GetType().Name}");
        }
    }
}
