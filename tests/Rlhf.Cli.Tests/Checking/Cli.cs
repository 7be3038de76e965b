namespace Rlhf.Cli.Tests.Checking;

/// <summary>Runs a command line in this process.</summary>
internal static class Cli
{
    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(args, output, error);
        return (code, output.ToString(), error.ToString());
    }

    public static Task<(int Code, string Output, string Error)> CheckAsync(string folder, params string[] options) =>
        RunAsync(["check", "--fixtures", folder, .. options]);
}
