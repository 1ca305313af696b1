using AlpacaCot.Files;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Supervision;

/// <summary>What a worker is told of the home.</summary>
public static class HomeFolders
{
    extension(HomeLayout home)
    {
        /// <summary>The folders that a worker needs.</summary>
        public WorkerFolders WorkerFolders => new(home.Models, home.Datasets, home.Cache);
    }
}
