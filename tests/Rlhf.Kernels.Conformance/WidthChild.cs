using System.Diagnostics;
using System.Text.RegularExpressions;
using Rlhf.Kernels.Simd;

namespace Rlhf.Kernels.Conformance;

/// <summary>
/// Runs the conformance tests again in a process whose runtime was told to leave an instruction set alone. The lanes of a
/// narrower width run on any machine, but only there is the code compiled as on a processor without the instructions.
/// </summary>
internal static partial class WidthChild
{
    private const string Variable = "RLHF_EXPECTED_WIDTH";

    // Far beyond what a child takes; one that hangs must not hang the suite.
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(5);

    /// <summary>Whether this process is such a child.</summary>
    public static bool IsChild => Expected is not null;

    /// <summary>The width that this child must have.</summary>
    public static SimdWidth? Expected =>
        Environment.GetEnvironmentVariable(Variable) is { } name ? Enum.Parse<SimdWidth>(name) : null;

    /// <summary>Runs the tests in a child; its tests passed, and what it printed.</summary>
    public static (int Passed, string Output) Run(SimdWidth expected, string switchedOff)
    {
        // What holds whatever the width (threads, allocation, messages) is left to the parent.
        // The dll is the one that runs here: instrumented, where coverage is measured, so that the child's hits count as well.
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "vstest", typeof(WidthChild).Assembly.Location, "--logger:console;verbosity=minimal",
                "--TestCaseFilter:FullyQualifiedName!~WidthTests&FullyQualifiedName!~EveryKernel&FullyQualifiedName!~ManagedGemm",
            },
        };
        start.Environment[Variable] = expected.ToString();
        start.Environment[switchedOff] = "0";
        using var process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(), lines = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(TimeLimit))
        {
            process.Kill(entireProcessTree: true);
        }

        string output = lines.Result + errors.Result;
        Match passed = PassedCount().Match(output);
        return (process.ExitCode == 0 && passed.Success ? int.Parse(passed.Groups[1].ValueSpan) : 0, output);
    }

    [GeneratedRegex(@"Passed: +(\d+)")]
    private static partial Regex PassedCount();
}
