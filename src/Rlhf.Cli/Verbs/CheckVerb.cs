using System.CommandLine;
using Rlhf.Fixtures;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf check</c>: runs fixtures against kernels, trainers, models and tokenizers.</summary>
internal static class CheckVerb
{
    public static Command Create()
    {
        var fixtures = new Option<string>("--fixtures")
        {
            Description = "A root of fixtures, a family or one case",
            HelpName = "DIR",
            Required = true,
        };
        var json = new Option<string?>("--json") { Description = "Write one row a case to this file", HelpName = "FILE" };
        var assets = new Option<string?>("--assets")
        {
            Description = "Folder with tokenizer files, found by sha256 [default: .cache/assets, then npm]",
            HelpName = "DIR",
        };
        var filter = new Option<string?>("--filter") { Description = "Only cases whose family/case contains this", HelpName = "TEXT" };
        var backend = new Option<string>("--backend") { Description = "Kernels to run", DefaultValueFactory = _ => "cpu" };
        backend.AcceptOnlyFromAmong(Backends.Names);
        var command = new Command("check", "Run fixtures against the kernels, trainers, models and tokenizers of this build")
        {
            fixtures, json, assets, filter, backend,
        };
        command.SetAction((result, cancellation) => Task.Run(
            () => Run(
                result.InvocationConfiguration.Output,
                result.GetRequiredValue(fixtures),
                result.GetValue(json),
                result.GetValue(assets),
                result.GetValue(filter),
                result.GetRequiredValue(backend),
                cancellation),
            cancellation));
        return command;
    }

    private static int Run(
        TextWriter output, string fixtures, string? json, string? assets, string? filter, string backend, CancellationToken cancellation)
    {
        if (assets is not null && !Directory.Exists(assets))
            throw new FixtureException($"{assets}: no such directory");
        FixtureLocation[] cases =
        [
            .. FixtureFinder.Find(fixtures).Where(location => filter is null || location.ToString().Contains(filter, StringComparison.OrdinalIgnoreCase)),
        ];
        if (cases.Length == 0)
            throw new FixtureException($"{fixtures}: no case contains '{filter}'");

        IKernels kernels = Backends.Create(backend);
        using var disposable = kernels as IDisposable;
        using AssetFinder finder = AssetFinder.Create(assets);
        var checker = new FixtureChecker(kernels, finder);
        var results = new List<CaseResult>();
        foreach (FixtureLocation location in cases)
        {
            cancellation.ThrowIfCancellationRequested();
            CaseResult result = checker.Run(location);
            results.Add(result);
            if (result.Status != CaseStatus.Passed)
                output.WriteLine(result);
        }

        if (json is not null)
            CheckReport.Write(json, backend, results);
        output.WriteLine($"{Count(CaseStatus.Passed)} passed, {Count(CaseStatus.Failed)} failed, {Count(CaseStatus.Skipped)} skipped");
        return Count(CaseStatus.Failed) == 0 ? CommandLine.Success : CommandLine.Failure;

        int Count(CaseStatus status) => results.Count(result => result.Status == status);
    }
}
