namespace Rlhf.Fixtures.Format;

/// <summary>What a tensor of a fixture is for.</summary>
public enum TensorRole
{
    /// <summary>Given to the code under test.</summary>
    Input,

    /// <summary>Must be computed and agree.</summary>
    Expected,

    /// <summary>For human readers; never compared.</summary>
    Info,
}
