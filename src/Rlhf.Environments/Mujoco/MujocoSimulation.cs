using Rlhf.Environments.Mujoco.Native;

namespace Rlhf.Environments.Mujoco;

/// <summary>One state of a model that moves. After a <see cref="MujocoException"/> it can only be disposed.</summary>
internal sealed unsafe class MujocoSimulation : IDisposable
{
    private readonly SimulationHandle _handle;
    private readonly NativeSimulationView _view;

    public MujocoSimulation(MujocoModel model)
    {
        Model = model;
        _handle = MujocoApi.CreateSimulation(model.Handle);
        _view = MujocoApi.View(_handle);
    }

    public MujocoModel Model { get; }

    /// <summary>Seconds since the reset.</summary>
    public double Time => *Alive.Time;

    /// <summary>[nq]</summary>
    public Span<double> Positions => new(Alive.Positions, Model.Positions);

    /// <summary>[nv]</summary>
    public Span<double> Velocities => new(Alive.Velocities, Model.Velocities);

    /// <summary>[nu]</summary>
    public Span<double> Controls => new(Alive.Controls, Model.Actuators);

    /// <summary>What was used at most of what the model's size element gives, and MuJoCo's warnings.</summary>
    public NativeUsage Usage => MujocoApi.Usage(_handle);

    // The arrays are the handle's: nothing reads them once it is closed.
    private NativeSimulationView Alive => _handle.IsClosed ? throw new ObjectDisposedException(nameof(MujocoSimulation)) : _view;

    /// <summary>[3] middle of a geom in the world.</summary>
    public ReadOnlySpan<double> GeomPosition(int geom) => new(Alive.GeomPositions + (3 * geom), 3);

    /// <summary>[9] its rotation, row major.</summary>
    public ReadOnlySpan<double> GeomRotation(int geom) => new(Alive.GeomRotations + (9 * geom), 9);

    /// <summary>[3] a site in the world.</summary>
    public ReadOnlySpan<double> SitePosition(int site) => new(Alive.SitePositions + (3 * site), 3);

    /// <summary>mjModel* and mjData*, for measurements beside MuJoCo alone.</summary>
    internal (nint Model, nint Data) Raw => MujocoApi.Raw(_handle);

    public void Reset() => MujocoApi.Reset(_handle);

    /// <summary>Everything that follows from positions and velocities, after they were written.</summary>
    public void Forward() => MujocoApi.Forward(_handle);

    /// <summary>Null when the steps went well; otherwise why the state is not to be trusted.</summary>
    public string? Step(int count) => MujocoApi.Step(_handle, count);

    public void Dispose() => _handle.Dispose();
}
