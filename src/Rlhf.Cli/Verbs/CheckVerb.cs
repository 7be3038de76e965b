using System.CommandLine;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf check</c>: runs fixtures against kernels, trainers, models and tokenizers.</summary>
internal static class CheckVerb
{
    public static Command Create()
    {
        var fixtures = new Option<DirectoryInfo>("--fixtures")
        {
            Description = "A root of fixtures, a family or one case",
            HelpName = "DIR",
            Required = true,
        };
        var command = new Command("check", "Run fixtures against the kernels and models of this build") { fixtures };
        command.SetAction(result => Run(result.GetRequiredValue(fixtures)));
        return command;
    }

    private static int Run(DirectoryInfo fixtures)
    {
        if (!fixtures.Exists)
            throw new DirectoryNotFoundException($"{fixtures}: no such directory");

        Console.Out.WriteLine("0 passed, 0 failed, 0 skipped");
        return CommandLine.Failure;
    }
}
