using Rlhf.Environments;
using Rlhf.Environments.Mujoco;
using Rlhf.Environments.Mujoco.Native;
using Rlhf.Kernels.Memory;

namespace Rlhf.Benchmarks.Environments;

/// <summary>
/// What a user would write in C: N states of one model, a loop that writes controls and calls MuJoCo's own mj_step through its address. Each
/// thread has its states and never waits for another.
/// </summary>
internal sealed unsafe class BarePhysics : IDisposable
{
    private readonly MujocoEnvironment[] _environments;
    private readonly double[] _low, _high;
    private readonly delegate* unmanaged<nint, nint, void> _step;

    public BarePhysics(string id, EnvironmentOptions options, int count)
    {
        _environments = [.. Enumerable.Range(0, count).Select(_ => (MujocoEnvironment)EnvironmentCatalogue.Create(id, options))];
        ActionSpace space = _environments[0].Spec.Actions;
        (_low, _high) = ([.. space.Low], [.. space.High]);
        _step = (delegate* unmanaged<nint, nint, void>)MujocoLoader.Export("mj_step");
    }

    /// <summary>Steps from the states in which a vector environment of this seed begins an episode.</summary>
    /// <param name="actions">[steps · N, A], step after step; clipped to the controls' range.</param>
    /// <param name="threads">Each takes its share of the environments from their first step to their last.</param>
    /// <param name="seed">Of the vector environment.</param>
    /// <param name="episode">Number of the episode, the same everywhere.</param>
    public void Run(ReadOnlyView<float> actions, int threads, ulong seed, int episode)
    {
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(worker => new Thread(() =>
        {
            for (int n = worker; n < _environments.Length; n += threads)
                RunOne(n, actions, seed, episode);
        }))];
        foreach (Thread worker in workers)
            worker.Start();
        foreach (Thread worker in workers)
            worker.Join();
    }

    /// <summary>State of one of them.</summary>
    public void CaptureState(int n, Span<double> state) => _environments[n].CaptureState(state);

    public void Dispose()
    {
        foreach (MujocoEnvironment environment in _environments)
            environment.Dispose();
    }

    private void RunOne(int n, ReadOnlyView<float> actions, ulong seed, int episode)
    {
        MujocoEnvironment environment = _environments[n];
        environment.Reset(EpisodeRandom.EpisodeSeed(seed, n, episode), new float[environment.Spec.ObservationLength]);
        var (model, data) = environment.Simulation.Raw;
        Span<double> controls = environment.Simulation.Controls;
        int skip = environment.FrameSkip;
        for (int from = n; from < actions.Rows; from += _environments.Length)
        {
            float* row = actions.Row(from);
            for (int i = 0; i < controls.Length; i++)
                controls[i] = Math.Clamp(row[i], _low[i], _high[i]);
            for (int k = 0; k < skip; k++)
                _step(model, data);
        }
    }
}
