using System.CommandLine;
using System.Globalization;
using AlpacaCot.Client.Library;
using AlpacaCot.Client.Running;

namespace AlpacaCot.Client.Commands;

/// <summary><c>disk</c>: what lies in the home, and what of it may go.</summary>
internal static class DiskCommand
{
    /// <summary>Builds the commands.</summary>
    public static Command Build(Func<ClientContext> context)
    {
        var json = CommandTree.JsonOption();
        var disk = new Command("disk", "Show what lies in the home, and what disk clean would free") { json, Clean(context) }.WithExample("disk");
        disk.SetAction((parsed, stop) => ShowAsync(context(), parsed.GetValue(json), stop));
        return disk;
    }

    private static Command Clean(Func<ClientContext> context)
    {
        var shared = new Option<bool>("--shared") { Description = "Also adapters and results that sweeps share and no sweep refers to: later sweeps compute them anew" };
        var dry = new Option<bool>("--dry-run") { Description = "Only say what would go" };
        var json = CommandTree.JsonOption();
        var clean = new Command("clean", "Delete what nothing needs: token caches, checkpoints of sweeps that are done, old logs, remains of writes that were cut short") { shared, dry, json }
            .WithExample("disk clean --dry-run");
        clean.SetAction((parsed, stop) => CleanAsync(context(), parsed.GetValue(shared), parsed.GetValue(dry), parsed.GetValue(json), stop));
        return clean;
    }

    private static async Task<int> ShowAsync(ClientContext context, bool json, CancellationToken stop)
    {
        var places = DiskUsage.Places(context.Home);
        var (items, _) = await DiskCleaning.PlanAsync(context, shared: false, stop);
        var (bytes, removable, free) = (places.Sum(p => p.Bytes), items.Sum(i => i.Bytes), new DriveInfo(context.Home.Root).AvailableFreeSpace);
        if (json)
        {
            ClientJson.Print(new { home = context.Home.Root, bytes, removable, free, places });
            return ExitCodes.Done;
        }
        foreach (var place in places) System.Console.Out.WriteLine($"{Size(place.Bytes),10}  {place.Place,-24} {place.Path}");
        System.Console.Out.WriteLine($"{Size(bytes),10}  {"in all",-24} {context.Home.Root}");
        System.Console.Out.WriteLine($"{Size(removable),10}  {"may go",-24} ./alpacacot disk clean");
        System.Console.Out.WriteLine($"{Size(free),10}  free on its disk");
        return ExitCodes.Done;
    }

    private static async Task<int> CleanAsync(ClientContext context, bool shared, bool dry, bool json, CancellationToken stop)
    {
        var (items, busy) = await DiskCleaning.PlanAsync(context, shared, stop);
        var gone = dry ? items : DiskUsage.Delete(items);
        if (busy) System.Console.Error.WriteLine("sweeps run: caches and logs stay");
        foreach (var left in items.Except(gone)) System.Console.Error.WriteLine($"{left.Path}: could not be deleted");
        if (json) ClientJson.Print(new { dry_run = dry, bytes = gone.Sum(i => i.Bytes), items = gone });
        else
        {
            foreach (var kind in gone.GroupBy(item => item.What)) System.Console.Out.WriteLine($"{Size(kind.Sum(i => i.Bytes)),10}  {kind.Key} ({kind.Count()})");
            System.Console.Out.WriteLine($"{Size(gone.Sum(i => i.Bytes)),10}  {(dry ? "would be freed" : "freed")}");
        }
        return gone.Count == items.Count ? ExitCodes.Done : ExitCodes.Failed;
    }

    /// <summary>A size as people read it.</summary>
    internal static string Size(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var (value, unit) = ((double)bytes, 0);
        for (; value >= 1024 && unit < units.Length - 1; unit++) value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }
}
