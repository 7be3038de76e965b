using Rlhf.Kernels.Memory;

namespace Rlhf.Training.Control;

/// <summary>
/// Observations as the policy sees them: <c>clip((o − mean) / sqrt(variance + 1e-8), ±10)</c> with the moments of all observations of
/// earlier rollouts (Huang et al. 2022, details 6 and 7 of continuous control; the constants are openai/baselines').
/// </summary>
/// <remarks>
/// The moments stand still while a rollout is collected and learned from, so the policy that is improved is the one that acted. They
/// belong to the policy and are saved with it.
/// </remarks>
public sealed class ObservationNormalizer
{
    private const double Epsilon = 1e-8;
    private readonly RunningMoments _moments;
    private readonly float[] _mean, _scale;

    /// <summary>A normaliser that has seen nothing: it only clips.</summary>
    /// <param name="length">Floats of an observation.</param>
    public ObservationNormalizer(int length)
    {
        _moments = new RunningMoments(length);
        _mean = new float[length];
        _scale = new float[length];
        Refresh();
    }

    /// <summary>Largest magnitude that the policy sees.</summary>
    public static float Clip => 10;

    /// <summary>Moments of the observations.</summary>
    public RunningMoments Moments => _moments;

    /// <summary>Adds raw observations [N, O] to the moments.</summary>
    public void Update(ReadOnlyView<float> observations)
    {
        _moments.Update(observations);
        Refresh();
    }

    /// <summary>Normalises raw observations [N, O]; may work in place. NaN stays NaN.</summary>
    public void Normalize(ReadOnlyView<float> observations, View<float> normalized)
    {
        for (int row = 0; row < observations.Rows; row++)
        {
            for (int i = 0; i < _mean.Length; i++)
                normalized[row, i] = Math.Clamp((observations[row, i] - _mean[i]) * _scale[i], -Clip, Clip);
        }
    }

    internal RunningMoments.State Capture() => _moments.Capture();

    internal void Restore(RunningMoments.State state, string source)
    {
        _moments.Restore(state, source);
        Refresh();
    }

    private void Refresh()
    {
        for (int i = 0; i < _mean.Length; i++)
        {
            _mean[i] = (float)_moments.Mean(i);
            _scale[i] = (float)(1 / Math.Sqrt(_moments.Variance(i) + Epsilon));
        }
    }
}
