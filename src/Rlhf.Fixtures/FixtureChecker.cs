using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Families;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Models.Native;

namespace Rlhf.Fixtures;

/// <summary>Runs cases against one backend. Whatever a case holds, the outcome is a result, not an exception.</summary>
/// <param name="kernels">The backend under test.</param>
/// <param name="assets">Where files named by hash are looked for.</param>
public sealed class FixtureChecker(IKernels kernels, AssetFinder assets)
{
    private static readonly Dictionary<string, Action<CaseContext>> Families = new()
    {
        ["kernels"] = KernelsFamily.Run,
        ["reward"] = RewardFamily.Run,
        ["gae"] = GaeFamily.Run,
        ["ppo"] = PpoFamily.Run,
        ["models"] = ModelsFamily.Run,
        ["tokenizers"] = TokenizersFamily.Run,
    };

    /// <summary>Runs one case.</summary>
    public CaseResult Run(FixtureLocation location)
    {
        FixtureCase? fixture = null;
        try
        {
            fixture = FixtureCase.Read(location.Directory);
            if (!Families.TryGetValue(fixture.Family, out Action<CaseContext>? run))
                return new CaseResult(fixture.Family, fixture.Name, CaseStatus.Skipped, null, $"family '{fixture.Family}' is not implemented");
            using var context = new CaseContext(fixture, kernels, assets);
            return Run(fixture, run, context);
        }
#pragma warning disable CA1031 // A case that cannot be run has failed; the others still run.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            // Messages of these are made for users; of any other the type says more than its words.
            bool plain = exception is FixtureException or DataFormatException or TorchException or ArgumentException or NotSupportedException or IOException;
            string message = (plain ? string.Empty : $"{exception.GetType().Name}: ") + exception.Message.ReplaceLineEndings(" ");
            return new CaseResult(fixture?.Family ?? location.Family, fixture?.Name ?? location.Name, CaseStatus.Failed, null, message);
        }
    }

    private static CaseResult Run(FixtureCase fixture, Action<CaseContext> run, CaseContext context)
    {
        run(context);
        Mismatch? worst = context.Comparisons.MaxBy(comparison => comparison.Severity);
        Mismatch[] failed = [.. context.Comparisons.Where(comparison => comparison.Failed > 0)];
        string message = context.LeftOut() ?? string.Empty;
        if (message.Length == 0 && failed.Length > 0)
            message = $"{worst}{(failed.Length > 1 ? $"; {failed.Length} of {context.Comparisons.Count} results differ" : string.Empty)}";
        CaseStatus status = message.Length > 0 ? CaseStatus.Failed : CaseStatus.Passed;
        return new CaseResult(fixture.Family, fixture.Name, status, worst, message);
    }
}
