using Rlhf.Environments.Mujoco.Native;

namespace Rlhf.Environments.Mujoco;

/// <summary>A compiled model. It does not change: many simulations on many threads may run it.</summary>
internal sealed unsafe class MujocoModel : IDisposable
{
    private readonly NativeModelView _view;
    private readonly string _name;

    /// <summary>Compiles MJCF; <paramref name="name"/> stands before MuJoCo's message when the text is broken.</summary>
    public MujocoModel(string name, string mjcf)
    {
        _name = name;
        Handle = MujocoApi.CreateModel(name, mjcf);
        _view = MujocoApi.View(Handle);
    }

    public int Positions => _view.Positions;

    public int Velocities => _view.Velocities;

    public int Actuators => _view.Actuators;

    public int Geoms => _view.Geoms;

    /// <summary>Seconds of one mj_step.</summary>
    public double Timestep => _view.Timestep;

    /// <summary>[nu, 2] lowest and highest control.</summary>
    public ReadOnlySpan<double> ControlRange => new(_view.ControlRange, 2 * Actuators);

    /// <summary>[nq] positions that a reset gives.</summary>
    public ReadOnlySpan<double> InitialPositions => new(_view.InitialPositions, Positions);

    internal ModelHandle Handle { get; }

    /// <summary>mjtGeom.</summary>
    public int GeomType(int geom) => _view.GeomType[geom];

    /// <summary>[3] as MJCF's size.</summary>
    public ReadOnlySpan<double> GeomSize(int geom) => new(_view.GeomSize + (3 * geom), 3);

    /// <summary>[4] red, green, blue, alpha in 0 … 1.</summary>
    public ReadOnlySpan<float> GeomColor(int geom) => new(_view.GeomColor + (4 * geom), 4);

    public string GeomName(int geom) => MujocoApi.Name(Handle, MujocoApi.Geom, geom);

    /// <summary>Index of a site that the model must have.</summary>
    public int Site(string name) =>
        MujocoApi.Find(Handle, MujocoApi.Site, name) is >= 0 and var id ? id : throw new MujocoException($"{_name}: there is no site named '{name}'");

    public void Dispose() => Handle.Dispose();
}
