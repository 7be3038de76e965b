using Rlhf.Training.Data;

namespace Rlhf.Training.Ppo;

/// <summary>
/// How an epoch goes over a rollout: a fresh permutation, cut into mini-batches (one optimizer step each), each cut into micro-batches
/// (one forward and backward pass each).
/// </summary>
internal sealed class MiniBatches(PpoConfig config)
{
    private const ulong OrderKey = 0x6D69_6E69; // A stream of its own: "mini".

    private readonly ShuffledOrder _order = new(config.BatchSize, config.Seed ^ OrderKey);

    /// <summary>Rows of each mini-batch of an epoch.</summary>
    public IEnumerable<int[]> Of(int update, int epoch) =>
        _order.Take((((long)update * config.NumPpoEpochs) + epoch) * config.BatchSize, config.BatchSize).Chunk(config.MiniBatchSize);

    /// <summary>Rows of each micro-batch of a mini-batch.</summary>
    public IEnumerable<int[]> Split(int[] miniBatch) => miniBatch.Chunk(config.PerDeviceTrainBatchSize);
}
