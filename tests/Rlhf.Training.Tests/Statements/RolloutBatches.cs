using Rlhf.Training.Ppo;

namespace Rlhf.Training.Tests.Statements;

/// <summary>Rollouts with known numbers.</summary>
internal static class RolloutBatches
{
    /// <summary>Responses of given lengths over T slots: log-prob −1, reference −1.5 (k1 KL ½ a token), value t + 1, score 10.</summary>
    public static RolloutBatch Of(int time, int[] lengths, PpoConventions conventions, bool[]? hasEos = null)
    {
        var batch = new RolloutBatch(lengths.Length, time);
        var (lengthView, eos, scores) = (batch.Lengths, batch.HasEos, batch.Scores);
        var (logprobs, reference, values) = (batch.Logprobs, batch.RefLogprobs, batch.Values);
        for (int b = 0; b < lengths.Length; b++)
        {
            lengthView[b] = lengths[b];
            eos[b] = hasEos is null || hasEos[b] ? (byte)1 : (byte)0;
            scores[b] = 10;
            for (int t = 0; t < time; t++)
            {
                logprobs[b, t] = -1;
                reference[b, t] = -1.5f;
                values[b, t] = t + 1;
            }
        }

        batch.ApplyLengths(conventions);
        return batch;
    }
}
