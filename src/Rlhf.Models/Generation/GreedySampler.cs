using System.Numerics.Tensors;
using Rlhf.Kernels.Memory;

namespace Rlhf.Models.Generation;

/// <summary>The most likely token, the lowest id among equals.</summary>
public sealed unsafe class GreedySampler : ITokenSampler
{
    /// <inheritdoc/>
    public void Sample(
        ReadOnlyView<float> logits, ReadOnlyView<long> sequences, ReadOnlyView<int> positions, View<int> tokens, View<float> logprobs)
    {
        for (int i = 0; i < logits.Rows; i++)
        {
            ReadOnlySpan<float> row = new(logits.Row(i), logits.Cols);
            int best = TensorPrimitives.IndexOfMax(row);
            double sum = 0;
            foreach (float logit in row)
                sum += MathF.Exp(logit - row[best]);
            tokens[i] = best;
            logprobs[i] = (float)-Math.Log(sum);
        }
    }
}
