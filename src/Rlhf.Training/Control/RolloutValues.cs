using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Control;

/// <summary>Where the values of one forward pass over all inputs of a rollout belong.</summary>
internal static class RolloutValues
{
    /// <param name="values">[T·N + Extras] outputs, of any stride.</param>
    /// <param name="mean">Added to each.</param>
    /// <param name="std">Factor on each before.</param>
    /// <param name="rollout">Gets values, last values and truncation values.</param>
    public static void Scatter(ReadOnlyView<float> values, float mean, float std, ControlRollout rollout)
    {
        Span<float> steps = Vectors.Span(rollout.Values), ends = Vectors.Span(rollout.TruncationValues);
        for (int i = 0; i < steps.Length; i++)
            steps[i] = mean + (std * values[i]);
        View<float> last = rollout.LastValues;
        for (int n = 0; n < rollout.Environments; n++)
            last[n] = mean + (std * values[rollout.Count + n]);
        ReadOnlySpan<int> truncated = rollout.TruncatedElements;
        for (int k = 0; k < truncated.Length; k++)
            ends[truncated[k]] = mean + (std * values[rollout.Count + rollout.Environments + k]);
    }
}
