using Rlhf.Environments;
using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Control;

/// <summary>
/// What a policy is worth when it explores nothing: the first episode of each environment, its mean action (or most likely choice) at every
/// step, true returns. No episode is left out for being long, as happens where the first so many to end are taken.
/// </summary>
/// <param name="Returns">True return of each episode, undiscounted.</param>
/// <param name="Lengths">Steps of each episode.</param>
public sealed record PolicyEvaluation(IReadOnlyList<double> Returns, IReadOnlyList<int> Lengths)
{
    /// <summary>Mean return.</summary>
    public double Mean => Returns.Average();

    /// <summary>Standard deviation of the return over episodes (divided by n).</summary>
    public double Std => Math.Sqrt(Returns.Average(value => (value - Mean) * (value - Mean)));

    /// <summary>Plays one episode in each of some environments, from their first episode on.</summary>
    /// <param name="policy">Acts.</param>
    /// <param name="environments">As many as episodes are wanted; begun anew.</param>
    public static PolicyEvaluation Run(ControlPolicy policy, VectorEnvironment environments)
    {
        double[] returns = new double[environments.Count];
        int[] lengths = new int[environments.Count];
        bool[] over = new bool[environments.Count];
        using var actions = new HostBuffer<float>((long)environments.Count * environments.Spec.Actions.Length);
        View<float> rows = actions.View(environments.Count, environments.Spec.Actions.Length);
        environments.Reset(0);
        for (int left = environments.Count; left > 0;)
        {
            policy.Act(environments.Observations, rows);
            environments.Step(rows);
            for (int n = 0; n < returns.Length; n++)
            {
                if (over[n])
                    continue;
                returns[n] += environments.Rewards[n];
                lengths[n]++;
                over[n] = environments.Terminated[n] != 0 || environments.Truncated[n] != 0;
                left -= over[n] ? 1 : 0;
            }
        }

        return new PolicyEvaluation(returns, lengths);
    }
}
