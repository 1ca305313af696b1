using AlpacaCot.Client.Library;

// A sweep from a program: checked, submitted, followed to its end, and its best trial asked.
await using var lab = await Laboratory.ConnectAsync(new LaboratoryOptions { StartSilo = true });
var check = await lab.ValidateAsync(args[0]);
foreach (var remark in check.Remarks) Console.WriteLine(remark);
if (!check.IsValid) return 2;

var sweep = await lab.SubmitAsync(check);
await foreach (var news in sweep.WatchAsync()) Console.WriteLine(news.Text);
var status = await sweep.GetStatusAsync();
foreach (var trial in status.Trials) Console.WriteLine($"{trial.Name}: {trial.State} {string.Join(", ", trial.Metrics)}");

var best = status.Trials.Where(trial => trial.Metrics.Count > 0).MaxBy(trial => trial.Metrics.First().Value);
if (best is null) return 1;
Console.Write($"{best.Name} answers: ");
await foreach (var chunk in sweep.AskAsync(best.Name, "2 + 3")) Console.Write(chunk.Text);
Console.WriteLine();
return 0;
