using System.Collections.Concurrent;
using Rlhf.Environments.Mujoco.Robots;

namespace Rlhf.Environments.Mujoco;

/// <summary>The robots: a task and a model each, which all environments of an id share.</summary>
internal sealed class RobotFamily : IEnvironmentFamily
{
    private static readonly Dictionary<string, Func<EnvironmentOptions, IRobot>> Robots = new()
    {
        [InvertedPendulum.Id] = options => new InvertedPendulum(options),
        [Reacher.Id] = options => new Reacher(options),
        [HalfCheetah.Id] = options => new HalfCheetah(options),
        [Hopper.Id] = options => new Hopper(options),
    };

    private static readonly ConcurrentDictionary<string, Lazy<MujocoModel>> Models = new();

    public IReadOnlyList<string> Ids { get; } = [.. Robots.Keys];

    public IEnvironment? Create(string id, EnvironmentOptions options)
    {
        if (!Robots.TryGetValue(id, out Func<EnvironmentOptions, IRobot>? make))
            return null;
        IRobot robot = make(options);
        int horizon = options.HorizonOr(options.Form == TaskForm.Paper ? robot.Facts.PaperHorizon : robot.Facts.StandardHorizon);
        return new MujocoEnvironment(Model(id, options.ModelFile), robot, horizon);
    }

    /// <summary>The model that is built in, or a file's.</summary>
    internal static MujocoModel Model(string id, string? file)
    {
        if (file is not null)
        {
            return new MujocoModel(file, File.Exists(file) ? File.ReadAllText(file) : throw new MujocoException($"there is no model file {file}"));
        }

        // A Lazy keeps the exception of its first use: a missing library is the same the second time.
        return Models.GetOrAdd(id, static key => new Lazy<MujocoModel>(() => new MujocoModel($"{key}.xml", Resource($"{key}.xml")))).Value;
    }

    private static string Resource(string name)
    {
        using Stream stream = typeof(RobotFamily).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the resource {name} is missing");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
