namespace Rlhf.Training.Ppo;

/// <summary>
/// The KL coefficient over updates: fixed, or steered towards a target (Ziegler et al. 2019, §2.2):
/// <c>β ← β · (1 + clip(KL / target − 1, ±0.2) · episodes / horizon)</c>.
/// </summary>
/// <param name="initial">β of the first update.</param>
/// <param name="target">KL in nats a response to steer to; left out: β stays.</param>
/// <param name="horizon">Episodes over which β may change by about a factor; lm-human-preferences: 10000.</param>
public sealed class KlController(double initial, double? target = null, double horizon = 10_000)
{
    /// <summary>β of the next update.</summary>
    public double Coefficient { get; set; } = initial;

    /// <summary>Takes in the KL of an update (sum over tokens, mean over responses) and the number of its episodes.</summary>
    public void Update(double kl, long episodes)
    {
        if (target is { } goal)
            Coefficient *= 1 + (Math.Clamp((kl / goal) - 1, -0.2, 0.2) * episodes / horizon);
    }
}
