using System.CommandLine;

namespace Rlhf.Cli.Options;

/// <summary><c>--report_to</c>: where metrics go besides the run's own log.</summary>
internal sealed class ReportToOption(OptionSet set)
{
    private readonly Option<string> _option = set.AddChoice("report_to", "Where metrics go besides metrics.jsonl", "none", "tensorboard");

    /// <summary>Whether event files are written.</summary>
    public bool TensorBoard(ParseResult result) => result.GetValue(_option) == "tensorboard";
}
