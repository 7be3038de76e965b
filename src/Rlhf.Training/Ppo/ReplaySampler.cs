using Rlhf.Kernels;
using Rlhf.Kernels.Memory;
using Rlhf.Kernels.Sequence;
using Rlhf.Models.Generation;

namespace Rlhf.Training.Ppo;

/// <summary>Draws what a record says, and takes the log-prob of it from the logits at hand.</summary>
internal sealed class ReplaySampler(IKernels kernels, RolloutRecord record, float temperature) : ITokenSampler
{
    /// <inheritdoc/>
    public void Sample(
        ReadOnlyView<float> logits, ReadOnlyView<long> sequences, ReadOnlyView<int> positions, View<int> tokens, View<float> logprobs)
    {
        for (int i = 0; i < tokens.Rows; i++)
            tokens[i] = record.Token(sequences[i], positions[i]);
        kernels.TokenLogprobsForward(new TokenLogprobsForwardArgs<float>
        {
            Logits = logits,
            Targets = tokens,
            Transform = new LogitTransform { Temperature = temperature },
            Logprobs = logprobs,
        });
    }
}
