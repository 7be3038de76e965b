using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Training.Data;
using Rlhf.Training.Sft;

namespace Rlhf.Training.Ppo;

/// <summary>
/// PPO-ptx (InstructGPT, eq. 2): the gradient of γ · cross-entropy on pretraining text, added to the policy's gradient before the same
/// optimizer step. The cross-entropy is the mean over the counted tokens of a step, at temperature 1.
/// </summary>
internal sealed class PretrainingMix(IKernels kernels, LanguageModel model, PpoConfig config, IReadOnlyList<LanguageExample> examples) : IDisposable
{
    private const ulong OrderKey = 0x7074_78; // A stream of its own: "ptx".

    private readonly ShuffledOrder _order = new(examples.Count, config.Seed ^ OrderKey);
    private readonly LanguageModelLoss _loss = new(model, kernels, PolicyHead.WorkspaceBytes(model, model.Config.VocabSize));

    /// <summary>Adds the gradient for one optimizer step.</summary>
    /// <param name="step">Number of the step, from 0: which sequences it gets.</param>
    /// <returns>The mean cross-entropy, in nats a token.</returns>
    public double Accumulate(long step)
    {
        int size = config.PtxBatchSize ?? 8 * config.MiniBatchSize;
        int[] chosen = _order.Take(step * size, size);
        long tokens = chosen.Sum(index => (long)examples[index].TargetCount);
        LanguageModelSums sums = default;
        foreach (int[] micro in chosen.Chunk(config.PerDeviceTrainBatchSize))
            sums += _loss.Backward(Array.ConvertAll(micro, index => examples[index]), tokens / config.PtxCoef);

        return sums.MeanLoss;
    }

    /// <inheritdoc/>
    public void Dispose() => _loss.Dispose();
}
