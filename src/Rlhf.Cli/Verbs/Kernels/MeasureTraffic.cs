using System.CommandLine;
using Rlhf.Kernels.Cuda.Evidence;

namespace Rlhf.Cli.Verbs.Kernels;

/// <summary>
/// <c>rlhf kernels traffic</c>: a report's figures on one emulated architecture. The emulator takes its architecture from the
/// environment when it is loaded, so the report starts this once for each.
/// </summary>
internal static class MeasureTraffic
{
    public const string Name = "traffic", OutOption = "--out", FilterOption = "--filter";

    public static Command Create()
    {
        var file = new Option<string>(OutOption) { Description = "File for the figures", Required = true };
        var filter = new Option<string?>(FilterOption) { Description = "Only kernels whose name has this in it" };
        var command = new Command(Name, "Measure the report's kernels on the emulated architecture of this process") { file, filter };
        command.Hidden = true;
        command.SetAction((result, cancellation) => Task.Run(
            () =>
            {
                KernelReport.MeasureTraffic(result.GetRequiredValue(file), result.GetValue(filter), result.InvocationConfiguration.Error.WriteLine);
                return CommandLine.Success;
            },
            cancellation));
        return command;
    }
}
