using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Rlhf.Cli.Tests.Checking;

/// <summary>Runs a command line, in this process or in one of its own.</summary>
internal static class Cli
{
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(args, output, error);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>What starts a command line as a process of its own, whose output is read.</summary>
    public static ProcessStartInfo Process(IEnumerable<string> args)
    {
        var start = new ProcessStartInfo(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet")) { RedirectStandardOutput = true };
        foreach (string argument in (string[])[typeof(CommandLine).Assembly.Location, .. args])
            start.ArgumentList.Add(argument);
        return start;
    }

    public static Task<(int Code, string Output, string Error)> CheckAsync(string folder, params string[] options) =>
        RunAsync(["check", "--fixtures", folder, .. options]);
}
