using Rlhf.Kernels.Sequence;

namespace Rlhf.Kernels.Reference.Sequence;

/// <summary>Generalised advantage estimation of one sequence in double: what <see cref="GaeArgs"/> describes.</summary>
public static class Gae
{
    /// <summary>Advantages and returns, each [T]. Every array but rewards and values may be null.</summary>
    public static (double[] Advantages, double[] Returns) Compute(
        double[] rewards,
        double[] values,
        GaeMaskMode maskMode,
        bool[]? mask,
        bool[]? dones,
        bool[]? truncations,
        double[]? truncationValues,
        double lastValue,
        double gamma,
        double lambda)
    {
        double[] advantages = new double[rewards.Length], returns = new double[rewards.Length];
        double advantage = 0, nextValue = lastValue;
        for (int t = rewards.Length - 1; t >= 0; t--)
        {
            bool masked = maskMode != GaeMaskMode.None && !mask![t];
            if (masked && maskMode == GaeMaskMode.Skip)
            {
                advantages[t] = advantage;
                returns[t] = advantage + nextValue;
                continue;
            }

            double reward = masked ? 0 : rewards[t], value = masked ? 0 : values[t];
            bool done = dones is not null && dones[t];
            double target = !done ? nextValue : truncations is not null && truncations[t] ? truncationValues![t] : 0;
            double delta = reward + (gamma * target) - value;
            advantage = delta + (done ? 0 : gamma * lambda * advantage);
            advantages[t] = advantage;
            returns[t] = advantage + value;
            nextValue = value;
        }

        return (advantages, returns);
    }
}
