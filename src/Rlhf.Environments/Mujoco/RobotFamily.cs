using System.Collections.Concurrent;
using Rlhf.Environments.Mujoco.Robots;

namespace Rlhf.Environments.Mujoco;

/// <summary>The robots: a task and a model each, which all environments of an id share.</summary>
internal sealed class RobotFamily : IEnvironmentFamily
{
    private static readonly Dictionary<string, Func<EnvironmentOptions, MujocoModel, IRobot>> Robots = new()
    {
        [InvertedPendulum.Id] = (options, _) => new InvertedPendulum(options),
        [InvertedDoublePendulum.Id] = (options, model) => new InvertedDoublePendulum(options, model.Site("tip")),
        [Reacher.Id] = (options, model) => new Reacher(options, model.Site("fingertip")),
        [HalfCheetah.Id] = (options, _) => new HalfCheetah(options),
        [Hopper.Id] = (options, _) => new Hopper(options),
        [Walker.Id] = (options, _) => new Walker(options),
        [Swimmer.Id] = (options, _) => new Swimmer(options),
        [Ant.Id] = (options, _) => new Ant(options),
    };

    private static readonly ConcurrentDictionary<string, Lazy<MujocoModel>> Models = new();

    public IReadOnlyList<string> Ids { get; } = [.. Robots.Keys];

    public IEnvironment? Create(string id, EnvironmentOptions options)
    {
        if (!Robots.TryGetValue(id, out Func<EnvironmentOptions, MujocoModel, IRobot>? make))
            return null;
        MujocoModel model = Model(id, options.ModelFile);
        IRobot robot = make(options, model);
        int horizon = options.HorizonOr(options.Form == TaskForm.Paper ? robot.Facts.PaperHorizon : robot.Facts.StandardHorizon);
        return new MujocoEnvironment(model, robot, horizon);
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
