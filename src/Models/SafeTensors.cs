using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using AlpacaCot.Files;
using AlpacaCot.Models.Checkpoints;

namespace AlpacaCot.Models;

/// <summary>The safetensors format: a checked JSON header, then raw little-endian tensors without holes.</summary>
public static class SafeTensors
{
    /// <summary>The metadata that PyTorch readers expect.</summary>
    public static IReadOnlyDictionary<string, string> PyTorchMetadata { get; } = new Dictionary<string, string> { ["format"] = "pt" };

    /// <summary>Opens and checks a file; its tensors are mapped, not read.</summary>
    /// <exception cref="ModelException">The file cannot be read or breaks a rule of the format; the message names file, tensor and cause.</exception>
    public static TensorFile Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            var header = SafeTensorsHeader.Read(file);
            var tensors = header.Entries.Select(e => new StoredTensor(e.Name, e.Type, e.Shape, file, header.DataStart + e.Begin)).ToList();
            return new TensorFile(file, tensors, header.Metadata);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads all tensors as own copies, outside any dispose scope: the caller disposes of them.</summary>
    /// <exception cref="ModelException">As <see cref="Open"/>; or a tensor has a type that is not computed with.</exception>
    public static Dictionary<string, Tensor> Read(string path)
    {
        using var file = Open(path);
        return file.Tensors.ToDictionary(t => t.Name, t => t.Copy(), StringComparer.Ordinal);
    }

    /// <summary>
    /// Writes tensors: ordered by descending width of the type, then by name, so that all data is aligned; on disk before it is named.
    /// </summary>
    /// <param name="path">The file; appears whole or not at all.</param>
    /// <param name="tensors">Tensors by name, on any device and with any strides.</param>
    /// <param name="metadata">The <c>__metadata__</c>; <see cref="PyTorchMetadata"/> where null.</param>
    /// <exception cref="ModelException">The file cannot be written (nothing is left behind), or a type cannot be stored.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors.Select(t => (Name: t.Key, Tensor: t.Value, Type: StoredType.Of(t.Value.dtype)))
            .OrderByDescending(t => t.Type.Bits).ThenBy(t => t.Name, StringComparer.Ordinal).ToList();
        var header = Header(ordered.Select(t => (t.Name, t.Type, t.Tensor.shape)), metadata ?? PyTorchMetadata);
        try
        {
            AtomicFile.Write(path, stream =>
            {
                stream.Write(header);
                foreach (var (_, tensor, _) in ordered) TensorBytes.CopyTo(tensor, stream);
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be written: {e.Message} (free space, or choose another folder)", e);
        }
    }

    private static byte[] Header(IEnumerable<(string Name, StoredType Type, long[] Shape)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long at = 0;
            foreach (var (name, type, shape) in tensors)
            {
                var end = at + SafeTensorsHeader.ByteCount(name, type, shape);
                json.WriteStartObject(name);
                json.WriteString("dtype", type.Name);
                WriteNumbers(json, "shape", shape);
                WriteNumbers(json, "data_offsets", [at, end]);
                json.WriteEndObject();
                at = end;
            }
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        var bytes = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - 8);
        return bytes;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, long[] numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
