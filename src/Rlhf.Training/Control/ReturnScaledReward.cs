using System.Text.Json.Serialization;
using Rlhf.Kernels.Memory;
using Rlhf.Models;

namespace Rlhf.Training.Control;

/// <summary>
/// The true reward over the running standard deviation of its discounted sum, clipped at ±10 (Huang et al. 2022, details 8 and 9 of
/// continuous control). A learned reward has its own scale and takes this one's place.
/// </summary>
public sealed class ReturnScaledReward : IRewardSource
{
    private const double Epsilon = 1e-8;
    private const float Clip = 10;
    private const string FileName = "reward_scale.json";
    private readonly double _gamma;
    private readonly RunningMoments _moments = new(1);
    private readonly float[] _returns;

    /// <summary>A scale that has seen nothing.</summary>
    /// <param name="environments">N.</param>
    /// <param name="gamma">γ of the discounted sum.</param>
    public ReturnScaledReward(int environments, double gamma)
    {
        _returns = new float[environments];
        _gamma = gamma;
    }

    /// <inheritdoc/>
    public unsafe void Fill(ControlRollout rollout)
    {
        View<float> truth = rollout.TrueRewards, rewards = rollout.Rewards;
        fixed (float* returns = _returns)
        {
            for (int t = 0; t < rollout.Steps; t++)
            {
                for (int n = 0; n < _returns.Length; n++)
                    _returns[n] = (float)((_returns[n] * _gamma) + truth[t, n]);
                _moments.Update(new View<float>(returns, _returns.Length, 1));
                float scale = (float)(1 / Math.Sqrt(_moments.Variance(0) + Epsilon));
                for (int n = 0; n < _returns.Length; n++)
                {
                    rewards[t, n] = Math.Clamp(truth[t, n] * scale, -Clip, Clip);
                    if (rollout.Dones[t, n] != 0)
                        _returns[n] = 0;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void WriteState(string directory) =>
        ControlFiles.WriteJson(Path.Combine(directory, FileName), new State(_moments.Capture(), _returns));

    /// <inheritdoc/>
    public void ReadState(string directory)
    {
        string path = Path.Combine(directory, FileName);
        State state = ControlFiles.ReadJson<State>(path, "the scale of a run's rewards");
        if (state.Returns.Length != _returns.Length)
            throw new DataFormatException($"{path}: {state.Returns.Length} environments, expected {_returns.Length}");
        _moments.Restore(state.Moments, path);
        state.Returns.CopyTo(_returns, 0);
    }

    private sealed record State([property: JsonRequired] RunningMoments.State Moments, [property: JsonRequired] float[] Returns);
}
