namespace Rlhf.Fixtures.Format;

/// <summary>Where a case lies and what its folders call it, whether or not it can be read.</summary>
/// <param name="Directory">The folder of the case.</param>
/// <param name="Family">Name of the folder above it.</param>
/// <param name="Name">Name of the folder.</param>
public sealed record FixtureLocation(string Directory, string Family, string Name)
{
    /// <summary>family/case</summary>
    public override string ToString() => $"{Family}/{Name}";
}
