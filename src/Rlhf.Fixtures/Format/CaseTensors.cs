using Rlhf.Models.Checkpoints;

namespace Rlhf.Fixtures.Format;

/// <summary>
/// The tensors of a case: the declarations of case.json over tensors.safetensors, which must agree in names, dtypes and
/// shapes. Inputs that no runner reads fail the case, as arguments do.
/// </summary>
public sealed class CaseTensors : IDisposable
{
    private readonly IReadOnlyDictionary<string, DeclaredTensor> _declared;
    private readonly SafetensorsFile _file;
    private readonly HashSet<string> _read = [];

    internal CaseTensors(FixtureCase fixture)
    {
        _declared = fixture.Tensors;
        string path = Path.Combine(fixture.Directory, "tensors.safetensors");
        if (!File.Exists(path))
            throw new FixtureException("tensors.safetensors is missing");
        _file = SafetensorsFile.Open(path);
        try
        {
            Validate();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Inputs that nothing has read.</summary>
    public IEnumerable<string> Unread =>
        _declared.Values.Where(tensor => tensor.Role == TensorRole.Input && !_read.Contains(tensor.Name)).Select(tensor => tensor.Name);

    /// <summary>All declared tensors.</summary>
    public IEnumerable<DeclaredTensor> All => _declared.Values;

    /// <summary>Whether an input of this name is declared.</summary>
    public bool HasInput(string name) => Declared(name) is { Role: TensorRole.Input };

    /// <summary>Whether a result of this name is to be compared.</summary>
    public bool HasExpected(string name) => Declared(name) is { Role: TensorRole.Expected };

    /// <summary>Sizes of a declared tensor.</summary>
    public IReadOnlyList<int> Shape(string name) => Find(name).Shape;

    /// <summary>Storage type of a declared tensor.</summary>
    public string DType(string name) => Find(name).DType;

    /// <summary>The declaration, or null.</summary>
    public DeclaredTensor? Declared(string name) => _declared.GetValueOrDefault(name);

    /// <summary>Sizes of a tensor that must have this many dimensions.</summary>
    public IReadOnlyList<int> Shape(string name, int dimensions)
    {
        IReadOnlyList<int> shape = Shape(name);
        return shape.Count == dimensions
            ? shape
            : throw new FixtureException($"tensor '{name}' has shape [{string.Join(", ", shape)}], expected {dimensions} dimensions");
    }

    /// <summary>Floating-point values as f32.</summary>
    public float[] Singles(string name) => _file.ReadSingle(Mark(name));

    /// <summary>Floating-point values as f32, of exactly this shape.</summary>
    public float[] Singles(string name, params ReadOnlySpan<int> shape) => _file.ReadSingle(Mark(name, shape));

    /// <summary>Floating-point values as f64.</summary>
    public double[] Doubles(string name) => _file.ReadDouble(Mark(name));

    /// <summary>Integers (or booleans).</summary>
    public long[] Integers(string name) => _file.ReadInt64(Mark(name));

    /// <summary>Integers that fit 32 bits (token ids, sizes), of exactly this shape.</summary>
    public int[] Int32s(string name, params ReadOnlySpan<int> shape) => Array.ConvertAll(_file.ReadInt64(Mark(name, shape)), value =>
        value is >= int.MinValue and <= int.MaxValue ? (int)value : throw new FixtureException($"tensor '{name}' holds {value}, expected 32-bit integers"));

    /// <summary>Zeros and ones, stored as booleans, integers or floats, of exactly this shape.</summary>
    public byte[] Mask(string name, params ReadOnlySpan<int> shape)
    {
        Mark(name, shape);
        double[] values = DType(name) is "F32" or "F64" or "F16" or "BF16"
            ? _file.ReadDouble(name)
            : Array.ConvertAll(_file.ReadInt64(name), value => (double)value);
        return Array.ConvertAll(values, value => value switch
        {
            0 => (byte)0,
            1 => (byte)1,
            _ => throw new FixtureException($"tensor '{name}' holds {value}, expected zeros and ones"),
        });
    }

    /// <summary>Stored bytes.</summary>
    public byte[] Bytes(string name) => _file.ReadBytes(Mark(name));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private DeclaredTensor Find(string name) => Declared(name) ?? throw new FixtureException($"tensor '{name}' is missing in case.json");

    private string Mark(string name, params ReadOnlySpan<int> shape)
    {
        DeclaredTensor tensor = Find(name);
        if (shape.Length > 0 && !shape.SequenceEqual(tensor.Shape.ToArray()))
            throw new FixtureException($"tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}], expected [{string.Join(", ", shape.ToArray())}]");
        _read.Add(name);
        return name;
    }

    private void Validate()
    {
        foreach (DeclaredTensor tensor in _declared.Values)
        {
            if (!_file.Contains(tensor.Name))
                throw new FixtureException($"tensors.safetensors: no tensor '{tensor.Name}', case.json declares it");
            TensorInfo stored = _file.Info(tensor.Name);
            if (stored.DType != tensor.DType || !stored.Shape.SequenceEqual(tensor.Shape))
            {
                throw new FixtureException(
                    $"tensors.safetensors: tensor '{tensor.Name}' is {stored.DType} [{string.Join(", ", stored.Shape)}], "
                    + $"case.json says {tensor.DType} [{string.Join(", ", tensor.Shape)}]");
            }
        }

        if (_file.Tensors.FirstOrDefault(tensor => !_declared.ContainsKey(tensor.Name)) is { Name: not null } extra)
            throw new FixtureException($"tensors.safetensors: tensor '{extra.Name}' is not declared in case.json");
    }
}
