using AlpacaCot.Kernels.Native;
using AlpacaCot.Worker.Protocol;
using AlpacaCot.Worker.Protocol.Tools;
using AlpacaCot.Worker.Tools;

namespace AlpacaCot.Worker.Jobs;

/// <summary>Which code runs which job.</summary>
internal static class JobTable
{
    /// <summary>Runs a job to its end on this thread.</summary>
    public static void Run(WorkerJob job, JobContext context)
    {
        if (job is not ToolJob tool || NeedsTorch(tool.Request)) LibTorch.Load();
        switch (job)
        {
            case TrainJob pack: new TrainRunner(pack, context).Run(); break;
            case EvaluateJob evaluation: EvaluateRunner.Run(evaluation, context); break;
            case ServeJob serve: ServeRunner.Run(serve, context); break;
            case ToolJob one: Run(one.Request, one.Folders, context); break;
            default: throw new ToolException($"there is no job {job.GetType().Name}");
        }
    }

    /// <summary>Tools that compute nothing do not wait for libtorch to load, or load it themselves to tell how that went.</summary>
    private static bool NeedsTorch(ToolRequest request) => request is not (
        ShowDataRequest or InspectDataRequest or ListDataRequest or AddDataRequest or DataStatisticsRequest or GenerateGoatRequest or GoatCellsRequest or VerifyGoatRequest
        or ModelsRequest or DataSetsRequest or TemplatesRequest or TrainTokenizerRequest or ExtendTokenizerRequest or CompareTokenizersRequest or DoctorRequest or AddModelRequest);

    private static void Run(ToolRequest request, WorkerFolders folders, JobContext context)
    {
        switch (request)
        {
            case PrepareRequest asked: PrepareTool.Run(asked, folders, context); break;
            case TrainAdapterRequest asked: TrainTool.Run(asked, folders, context); break;
            case EvaluateModelRequest asked: EvalTool.Run(asked, folders, context); break;
            case ContinuePromptRequest asked: GenerateTool.Run(asked, folders, context); break;
            case MergeRequest asked: MergeTool.Run(asked, folders, context); break;
            case AddModelRequest asked: AddTool.Run(asked, folders, context); break;
            case ShowAdapterRequest asked: AdapterTools.Show(asked, context); break;
            case CompareAdaptersRequest asked: AdapterTools.Diff(asked, context); break;
            case CombineAdaptersRequest asked: AdapterTools.Combine(asked, folders, context); break;
            case ConvertModelRequest asked: ModelTools.Convert(asked, context); break;
            case PretrainRequest asked: PretrainTool.Run(asked, folders, context); break;
            case ExpandVocabularyRequest asked: ExpandVocabularyTool.Run(asked, folders, context); break;
            case ShowModelRequest asked: ModelTools.Show(asked, folders, context); break;
            case VerifyModelsRequest asked: ModelTools.Verify(asked, folders, context); break;
            case ShowDataRequest asked: DataTool.Show(asked, folders, context); break;
            case InspectDataRequest asked: DataTool.Inspect(asked, folders, context); break;
            case ListDataRequest asked: DataSetTools.List(asked, folders, context); break;
            case AddDataRequest asked: DataSetTools.Add(asked, folders, context); break;
            case DataStatisticsRequest asked: DataSetTools.Stats(asked, folders, context); break;
            case GenerateGoatRequest asked: GoatTools.Generate(asked, context); break;
            case GoatCellsRequest asked: GoatTools.Cells(asked, context); break;
            case VerifyGoatRequest asked: GoatTools.Verify(asked, context); break;
            case TrainTokenizerRequest asked: TokenizerTools.Train(asked, context); break;
            case ExtendTokenizerRequest asked: TokenizerTools.Extend(asked, folders, context); break;
            case CompareTokenizersRequest asked: TokenizerTools.Compare(asked, folders, context); break;
            case ModelsRequest: ListTools.Models(folders, context); break;
            case DataSetsRequest: ListTools.Data(folders, context); break;
            case TemplatesRequest: ListTools.Templates(context); break;
            case DoctorRequest: DoctorTool.Run(context); break;
            case DevicesRequest: DevicesTool.Run(context); break;
            default: throw new ToolException($"there is no tool for {request.GetType().Name}");
        }
    }
}
