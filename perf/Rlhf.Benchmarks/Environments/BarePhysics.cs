using Rlhf.Environments;
using Rlhf.Environments.Mujoco;
using Rlhf.Environments.Mujoco.Native;

namespace Rlhf.Benchmarks.Environments;

/// <summary>
/// What a user would write in C: N states of one model, a loop that writes controls and calls MuJoCo's own mj_step through its address. Each
/// thread has its states and never waits for another.
/// </summary>
internal sealed unsafe class BarePhysics : IDisposable
{
    private readonly MujocoEnvironment[] _environments;
    private readonly delegate* unmanaged<nint, nint, void> _step;

    public BarePhysics(string id, EnvironmentOptions options, int count)
    {
        _environments = [.. Enumerable.Range(0, count).Select(_ => (MujocoEnvironment)EnvironmentCatalogue.Create(id, options))];
        _step = (delegate* unmanaged<nint, nint, void>)MujocoLoader.Export("mj_step");
    }

    /// <summary>An episode's steps from the states in which a vector environment of this seed begins.</summary>
    public void Run(PreparedActions actions, int threads, ulong seed)
    {
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(worker => new Thread(() =>
        {
            for (int n = worker; n < _environments.Length; n += threads)
                RunOne(n, actions, seed);
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

    private void RunOne(int n, PreparedActions actions, ulong seed)
    {
        MujocoEnvironment environment = _environments[n];
        environment.Reset(EpisodeRandom.EpisodeSeed(seed, n, 0), new float[environment.Spec.ObservationLength]);
        var (model, data) = environment.Simulation.Raw;
        Span<double> controls = environment.Simulation.Controls;
        int skip = environment.FrameSkip;
        for (int step = 0; step < actions.Steps; step++)
        {
            float* row = actions.Step(step).Row(n);
            for (int i = 0; i < controls.Length; i++)
                controls[i] = row[i];
            for (int k = 0; k < skip; k++)
                _step(model, data);
        }
    }
}
