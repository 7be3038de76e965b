namespace Rlhf.Environments;

/// <summary>Every environment by the name that <c>--env</c> takes.</summary>
public static class EnvironmentCatalogue
{
    private static readonly IEnvironmentFamily[] Families =
    [
        new Mujoco.RobotFamily(),
        new ClassicControl.ClassicControlFamily(),
        new Pixels.PixelFamily(),
        new Gymnasium.GymnasiumFamily(),
    ];

    /// <summary>The ids, in the order in which they are listed to people.</summary>
    public static IReadOnlyList<string> Ids { get; } = [.. Families.SelectMany(family => family.Ids)];

    /// <summary>Makes an environment; the caller disposes it.</summary>
    /// <exception cref="ArgumentException">Nothing has that id, or an option is out of its range.</exception>
    public static IEnvironment Create(string id, EnvironmentOptions? options = null)
    {
        options ??= new EnvironmentOptions();
        foreach (IEnvironmentFamily family in Families)
        {
            if (family.Create(id, options) is { } environment)
                return environment;
        }

        throw new ArgumentException($"no environment is called '{id}', expected one of {string.Join(", ", Ids)}");
    }
}
