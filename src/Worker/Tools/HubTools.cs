using AlpacaCot.Files.Hub;
using AlpacaCot.Worker.Protocol;

namespace AlpacaCot.Worker.Tools;

/// <summary>What commands that fetch have in common: the environment's hub and token, the addresses that were given instead, progress, and errors in one line.</summary>
internal static class HubTools
{
    /// <summary>Fetches.</summary>
    /// <param name="folders">The home's folders.</param>
    /// <param name="context">The job.</param>
    /// <param name="option">The option that names addresses.</param>
    /// <param name="addresses">What it names; none takes the environment's hub.</param>
    /// <param name="offline">Whether to connect to nothing.</param>
    /// <param name="fetch">What is fetched.</param>
    /// <exception cref="ToolException">It cannot be had.</exception>
    public static T Fetch<T>(WorkerFolders folders, JobContext context, string option, IReadOnlyList<string> addresses, bool offline, Func<HubClient, IProgress<HubProgress>, Task<T>> fetch)
    {
        try
        {
            var hub = HubOptions.FromEnvironment(Path.Combine(folders.Cache, "downloads"));
            if (offline) hub = hub with { Offline = true };
            if (addresses.Count > 0)
                hub = hub with { BaseAddresses = [.. addresses.Select(given => HubOptions.Address(given) ?? throw new ToolException($"{option} {given} is no http or https address"))] };
            using var client = new HubClient(hub, context.Time);
            return fetch(client, new Told(context)).GetAwaiter().GetResult();
        }
        catch (HubException e)
        {
            throw new ToolException(e.Message);
        }
    }

    private sealed class Told(JobContext context) : IProgress<HubProgress>
    {
        private const int MebiByte = 1 << 20;
        private long _told = -1;

        public void Report(HubProgress value)
        {
            if (value.Received / MebiByte == _told) return;
            _told = value.Received / MebiByte;
            context.Progress("fetch", _told, (value.Total ?? 0) / MebiByte, note: $"{value.File} (MiB)");
        }
    }
}
