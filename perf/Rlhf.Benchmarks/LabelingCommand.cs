using System.CommandLine;
using Rlhf.Benchmarks.Labeling;

namespace Rlhf.Benchmarks;

/// <summary><c>bench labeling</c>: many simulated labelers at a real server on this machine's loopback, against a store that is already full.</summary>
internal static class LabelingCommand
{
    private const int MostLabelers = 1000, MostComparisons = 1_000_000;
    private const double MostMinutes = 60;

    /// <summary>The command with its options.</summary>
    public static Command Create()
    {
        var labelers = new Option<int>("--labelers") { Description = "Labelers at once", DefaultValueFactory = _ => 50 };
        var minutes = new Option<double>("--minutes") { Description = "How long they label", DefaultValueFactory = _ => 5 };
        var comparisons = new Option<int>("--comparisons") { Description = "Answered comparisons that the store has before", DefaultValueFactory = _ => 100_000 };
        var think = new Option<double>("--think") { Description = "Seconds that a labeler looks at a pair, on average; people take 3 to 5", DefaultValueFactory = _ => 1 };
        var command = new Command("labeling", "Label with many at once; check that nothing is lost or doubled, and time the next pair") { labelers, minutes, comparisons, think };
        command.SetAction((result, cancellation) => RunAsync(
            result.GetValue(labelers), result.GetValue(minutes), result.GetValue(comparisons), result.GetValue(think), Console.Out, Console.Error, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        int labelers, double minutes, int comparisons, double think, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        if (labelers is < 1 or > MostLabelers || !(minutes > 0 && minutes <= MostMinutes) || comparisons is < 0 or > MostComparisons || !(think >= 0.1))
        {
            error.WriteLine($"rlhf: expected 1 to {MostLabelers} labelers, up to {MostMinutes} minutes, up to {MostComparisons} comparisons, 0.1 s of thought or more");
            return 2;
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory("rlhf-bench-labeling-");
        try
        {
            var load = new LabelingLoad(Path.Combine(folder.FullName, "labels.db"), labelers, TimeSpan.FromMinutes(minutes), comparisons, TimeSpan.FromSeconds(think));
            return await load.RunAsync(output, cancellation) ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
