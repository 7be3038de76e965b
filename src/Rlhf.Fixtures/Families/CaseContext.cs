using Rlhf.Fixtures.Comparison;
using Rlhf.Fixtures.Format;
using Rlhf.Kernels;

namespace Rlhf.Fixtures.Families;

/// <summary>
/// What a runner works with: arguments and inputs to read, kernels to run, and <c>Check</c> to hand over what was computed. A result
/// that the case does not expect is ignored; an expected one that is never handed over fails the case.
/// </summary>
public sealed class CaseContext : IDisposable
{
    private readonly FixtureCase _fixture;
    private readonly HashSet<string> _checked = [];
    private readonly HashSet<string> _checkedScalars = [];
    private readonly List<Mismatch> _comparisons = [];

    internal CaseContext(FixtureCase fixture, IKernels kernels, AssetFinder assets)
    {
        _fixture = fixture;
        Kernels = kernels;
        Assets = assets;
        Arguments = new CaseArguments(fixture.Arguments);
        Tolerances = new CaseTolerances(fixture.Tolerances);
        Tensors = new CaseTensors(fixture);
    }

    /// <summary>Settings of the case.</summary>
    public CaseArguments Arguments { get; }

    /// <summary>Declared tensors and the values of inputs.</summary>
    public CaseTensors Tensors { get; }

    /// <summary>Tolerances by purpose.</summary>
    public CaseTolerances Tolerances { get; }

    /// <summary>The backend under test.</summary>
    public IKernels Kernels { get; }

    /// <summary>Finds files that a case names by hash.</summary>
    public AssetFinder Assets { get; }

    /// <summary>Native memory that lives as long as the case.</summary>
    public Scratch Memory { get; } = new();

    /// <summary>The folder of the case.</summary>
    public string Directory => _fixture.Directory;

    internal IReadOnlyList<Mismatch> Comparisons => _comparisons;

    /// <summary>Expected scalars whose path begins with this.</summary>
    public IEnumerable<string> ScalarsUnder(string prefix) =>
        _fixture.Scalars.Keys.Where(path => path.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Compares f32 results.</summary>
    public void Check(string name, ReadOnlySpan<float> values, Tolerance tolerance, NoteFacts? facts = null, bool[]? where = null)
    {
        if (Compare(name, Widen(values), tolerance, facts, where) is { } comparison)
            _comparisons.Add(comparison);
    }

    /// <summary>
    /// Compares the same results computed in another way, under a tolerance of the runner's own. Reported only when it fails: a passing
    /// row speaks of the case's tolerances alone.
    /// </summary>
    public void CheckVariant(string name, string variant, ReadOnlySpan<float> values, Tolerance tolerance, NoteFacts facts)
    {
        if (Compare(name, Widen(values), tolerance, facts, null) is { Failed: > 0 } comparison)
            _comparisons.Add(comparison with { Name = $"{name} ({variant})" });
    }

    /// <summary>Compares f64 results.</summary>
    /// <param name="name">The expected tensor.</param>
    /// <param name="values">All its elements, row major.</param>
    /// <param name="tolerance">From <see cref="Tolerances"/>.</param>
    /// <param name="facts">What the tolerance's note refers to.</param>
    /// <param name="where">Only these elements, where the case's notes say so; combined with its compare_where.</param>
    public void Check(string name, ReadOnlySpan<double> values, Tolerance tolerance, NoteFacts? facts = null, bool[]? where = null)
    {
        if (Compare(name, values, tolerance, facts, where) is { } comparison)
            _comparisons.Add(comparison);
    }

    /// <summary>Compares integers, exactly.</summary>
    public void CheckExact(string name, ReadOnlySpan<long> values)
    {
        if (Expected(name, values.Length) is not { } tensor)
            return;
        if (!tensor.IsExact)
            throw new FixtureException($"tensor '{name}' is {tensor.DType}, computed are integers");
        _comparisons.Add(Comparer.Compare(tensor, values, Tensors.Integers(name), Where(tensor, null)));
    }

    /// <summary>Compares integers, exactly.</summary>
    public void CheckExact(string name, ReadOnlySpan<int> values)
    {
        long[] wide = new long[values.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = values[i];
        CheckExact(name, wide);
    }

    /// <summary>Compares booleans, exactly.</summary>
    public void CheckExact(string name, ReadOnlySpan<byte> values)
    {
        long[] wide = new long[values.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = values[i];
        CheckExact(name, wide);
    }

    /// <summary>Compares an expected scalar within a tolerance.</summary>
    public void CheckScalar(string path, double value, Tolerance tolerance)
    {
        if (_fixture.Scalars.TryGetValue(path, out double expected))
            CheckScalar(path, value, tolerance.Absolute + (tolerance.Relative * Math.Abs(expected)));
    }

    /// <summary>Compares an expected scalar within an absolute error.</summary>
    public void CheckScalar(string path, double value, double allowed)
    {
        if (!_fixture.Scalars.TryGetValue(path, out double expected))
            return;
        _checkedScalars.Add(path);
        _comparisons.Add(Comparer.Compare(path, value, expected, allowed));
    }

    /// <summary>Compares an expected scalar that the result must not exceed.</summary>
    public void CheckUpperBound(string path, double value, Tolerance tolerance)
    {
        if (_fixture.Scalars.TryGetValue(path, out double expected))
            CheckScalar(path, value <= expected ? expected : value, tolerance);
    }

    /// <summary>Adds a comparison of files beside tensors.safetensors.</summary>
    public void Check(Mismatch comparison) => _comparisons.Add(comparison);

    /// <summary>A scalar that tells of the reference's own run (how far its f32 run was off) and asks nothing of this code.</summary>
    public void Remark(string path) => _checkedScalars.Add(path);

    /// <inheritdoc/>
    public void Dispose()
    {
        Memory.Dispose();
        Tensors.Dispose();
    }

    /// <summary>The first thing that the runner left out, as one line; null when it dealt with everything.</summary>
    internal string? LeftOut()
    {
        if (Arguments.Unread.FirstOrDefault() is { } argument)
            return $"argument '{argument}' is not understood";
        if (Tensors.Unread.FirstOrDefault() is { } input)
            return $"input tensor '{input}' is not understood";
        if (Tensors.All.FirstOrDefault(tensor => tensor.Role == TensorRole.Expected && !_checked.Contains(tensor.Name)) is { } tensor)
            return $"expected tensor '{tensor.Name}' is not computed";
        return _fixture.Scalars.Keys.FirstOrDefault(path => !_checkedScalars.Contains(path)) is { } scalar
            ? $"expected scalar '{scalar}' is not computed"
            : null;
    }

    private static double[] Widen(ReadOnlySpan<float> values)
    {
        double[] wide = new double[values.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = values[i];
        return wide;
    }

    private Mismatch? Compare(string name, ReadOnlySpan<double> values, Tolerance tolerance, NoteFacts? facts, bool[]? where)
    {
        if (Expected(name, values.Length) is not { } tensor)
            return null;
        if (tensor.IsExact)
            throw new FixtureException($"tensor '{name}' is {tensor.DType}, computed are floating-point numbers");
        double[] expected = Tensors.Doubles(name);
        var note = new ToleranceNote(tolerance, expected, facts ?? NoteFacts.None);
        return Comparer.Compare(tensor, values, expected, note, Where(tensor, where));
    }

    private DeclaredTensor? Expected(string name, int length)
    {
        if (!Tensors.HasExpected(name))
            return null;
        DeclaredTensor tensor = Tensors.Declared(name)!;
        if (tensor.Count != length)
            throw new FixtureException($"expected tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}], computed are {length} elements");
        _checked.Add(name);
        return tensor;
    }

    private bool[]? Where(DeclaredTensor tensor, bool[]? also)
    {
        if (tensor.CompareWhere is null)
            return also;
        bool[] where = CompareWhere.Evaluate(tensor, Tensors, Arguments);
        for (int i = 0; also is not null && i < where.Length; i++)
            where[i] &= also[i];
        return where;
    }
}
