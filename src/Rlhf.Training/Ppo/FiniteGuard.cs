using Rlhf.Kernels.Memory;
using Rlhf.Training.Optimization;

namespace Rlhf.Training.Ppo;

/// <summary>Stops a run at the first NaN or infinity of a rollout, before it reaches a gradient.</summary>
internal static class FiniteGuard
{
    /// <exception cref="TrainingDivergedException">Names the tensor, the response and the position.</exception>
    public static void Check(Rollout rollout, int update)
    {
        Check("logprobs", rollout.Batch.Logprobs, update);
        Check("refLogprobs", rollout.Batch.RefLogprobs, update);
        Check("values", rollout.Batch.Values, update);
        Check("scores", rollout.Batch.Scores, update);
    }

    private static void Check(string name, View<float> values, int update)
    {
        for (int row = 0; row < values.Rows; row++)
        {
            for (int col = 0; col < values.Cols; col++)
            {
                if (!float.IsFinite(values[row, col]))
                {
                    string place = values.Cols == 1 ? $"response {row}" : $"response {row}, token {col}";
                    throw new TrainingDivergedException(
                        $"training diverged at step {update}: rollout tensor '{name}' is {values[row, col]} at {place}; stopped before the update");
                }
            }
        }
    }
}
