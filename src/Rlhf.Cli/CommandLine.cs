using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Rlhf.Cli.Verbs;

namespace Rlhf.Cli;

/// <summary>
/// The command line: one file a verb under Verbs/, each with <c>static Command Create()</c>, listed in <see cref="CreateRoot"/>.
/// Every error is one line <c>rlhf: …</c> on the error stream; RLHF_DEBUG=1 adds the stack trace.
/// </summary>
public static class CommandLine
{
    /// <summary>Everything went well.</summary>
    public const int Success = 0;

    /// <summary>The verb ran and failed, or what it read was bad.</summary>
    public const int Failure = 1;

    /// <summary>The command line itself is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Ended by Ctrl-C (128 + SIGINT).</summary>
    public const int Interrupted = 130;

    /// <summary>Runs one command line; never throws.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        ParseResult result = CreateRoot().Parse(args);
        if (result.Errors.Count > 0 && result.Action is not HelpAction)
        {
            await WriteErrorAsync(error, Explain(result)).ConfigureAwait(false);
            return Usage;
        }

        // A verb that obeys its token gets this long to leave a consistent state behind after Ctrl-C.
        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            Output = output,
            Error = error,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(10),
        };
        try
        {
            return await result.InvokeAsync(configuration).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await WriteErrorAsync(error, "interrupted").ConfigureAwait(false);
            return Interrupted;
        }
#pragma warning disable CA1031 // The last border: whatever a verb throws becomes one line and an exit code.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            await WriteErrorAsync(error, exception.Message).ConfigureAwait(false);
            if (Environment.GetEnvironmentVariable("RLHF_DEBUG") == "1")
                await error.WriteLineAsync(exception.ToString()).ConfigureAwait(false);

            return Failure;
        }
    }

    /// <summary>The root command with every verb.</summary>
    public static RootCommand CreateRoot() => new(
        "Fine-tunes language models from preferences: SFT, reward model, PPO, on hand-written kernels. "
        + "`rlhf VERB --help` explains a verb.")
    {
        SftVerb.Create(),
        RewardVerb.Create(),
        PpoVerb.Create(),
        GenerateVerb.Create(),
        EvalVerb.Create(),
        CheckVerb.Create(),
        DemoVerb.Create(),
        KernelsVerb.Create(),
        GpuCheckVerb.Create(),
        ControlVerb.Create(),
        LabelVerb.Create(),
        PrefsVerb.Create(),
    };

    private static string Explain(ParseResult result)
    {
        ParseError first = result.Errors[0];
        string verb = result.CommandResult.Command is RootCommand ? string.Empty : $" {result.CommandResult.Command.Name}";
        return $"{first.Message.TrimEnd('.')} (see `rlhf{verb} --help`)";
    }

    private static Task WriteErrorAsync(TextWriter error, string message) =>
        error.WriteLineAsync($"rlhf: {message.ReplaceLineEndings(" ").Trim()}");
}
