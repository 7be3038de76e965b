namespace Rlhf.Environments;

/// <summary>Environments that are made in the same way.</summary>
internal interface IEnvironmentFamily
{
    /// <summary>The ids, or for an open set its pattern (<c>gym:ID</c>).</summary>
    IReadOnlyList<string> Ids { get; }

    /// <summary>The environment, or null where the id is another family's.</summary>
    IEnvironment? Create(string id, EnvironmentOptions options);
}
