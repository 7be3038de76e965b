using System.Reflection;
using Rlhf.Training.Metrics;

namespace Rlhf.Training.Tests.Metrics;

internal sealed class MetricNamesTests
{
    private static IEnumerable<string> Constants => typeof(MetricNames)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(info => info.IsLiteral)
        .Select(info => (string)info.GetRawConstantValue()!);

    [Test]
    public void EveryName_IsDescribedOnce() =>
        Assert.That(MetricNames.All.Select(metric => metric.Name), Is.EquivalentTo(Constants).And.Unique);

    [Test]
    public void AllOfTrlsNames_AreThere()
    {
        string[] trl =
        [
            "eps", "objective/kl", "objective/entropy", "objective/non_score_reward", "objective/rlhf_reward", "objective/scores",
            "policy/approxkl_avg", "policy/clipfrac_avg", "loss/policy_avg", "loss/value_avg", "val/clipfrac_avg", "policy/entropy_avg",
            "val/ratio", "val/ratio_var", "val/num_eos_tokens", "lr", "episode",
        ];
        Assert.That(trl, Is.SubsetOf(Constants));
    }
}
